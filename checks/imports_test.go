package checks

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImports(t *testing.T) {
	t.Parallel()
	g := listGraph(t)
	require.Empty(t, misnamed(g, rules(), later()))
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			require.Empty(t, r.violations(g))
		})
	}
}

// sound is a small graph that breaks no rule although it comes close to each.
func sound() graph {
	return graph{
		"errors":                             {standard: true},
		"os":                                 {standard: true},
		"testing":                            {standard: true},
		"net/http":                           {standard: true},
		"gorm.io/gorm":                       {imports: []string{"os"}},
		"github.com/glebarez/sqlite":         {imports: []string{"gorm.io/gorm"}},
		"github.com/pressly/goose/v3":        {imports: []string{"os"}},
		"github.com/labstack/echo/v4":        {imports: []string{"net/http"}},
		"github.com/jordan-wright/email":     {},
		"codeberg.org/go-pdf/fpdf":           {},
		"github.com/twilio/twilio-go/client": {},
		"github.com/stretchr/testify/mock":   {imports: []string{"testing"}},
		"github.com/hanwen/go-fuse/v2/fs":    {imports: []string{"os"}},
		"github.com/standard-webhooks/standard-webhooks/libraries/go": {imports: []string{"net/http"}},
		"go.bug.st/serial":             {imports: []string{"os"}},
		"go.temporal.io/sdk/workflow":  {imports: []string{"os", "net/http", "github.com/stretchr/testify/mock"}},
		"go.temporal.io/server/common": {},
		"cubby/models":                 {imports: []string{"errors"}},
		"cubby/models/store":           {imports: []string{"cubby/models", "gorm.io/gorm", "github.com/glebarez/sqlite", "github.com/pressly/goose/v3"}},
		"cubby/models/catalogue":       {},
		"cubby/activities":             {imports: []string{"cubby/models"}},
		"cubby/activities/notify":      {imports: []string{"cubby/activities", "github.com/jordan-wright/email"}},
		"cubby/workflows":              {imports: []string{"cubby/models", "cubby/activities", "go.temporal.io/sdk/workflow"}},
		"cubby/agent/protocol":         {imports: []string{"cubby/models"}},
		"cubby/agent/cabinet":          {imports: []string{"cubby/agent/protocol"}},
		"cubby/agent/lock":             {imports: []string{"cubby/agent/link"}},
		"cubby/agent/link":             {imports: []string{"go.bug.st/serial"}},
		"cubby/api":                    {imports: []string{"cubby/models", "cubby/api/gateway", "github.com/labstack/echo/v4"}},
		"cubby/api/gateway":            {imports: []string{"cubby/agent/protocol"}},
		"cubby/worker":                 {imports: []string{"cubby/workflows", "cubby/models/store", "cubby/activities/notify"}},
		"cubby/simulation":             {imports: []string{"cubby/agent/cabinet"}},
		"cubby/api/desk":               {imports: []string{"cubby/models/catalogue", "golang.org/x/crypto/argon2"}},
		"golang.org/x/crypto/argon2":   {},
		"cubby/checks":                 {},
		"cubby/cmd/cubby":              {imports: []string{"cubby/api", "cubby/worker", "os"}},
		"cubby/cmd/cubby-agent":        {imports: []string{"cubby/agent/cabinet", "cubby/agent/lock"}},
		"cubby/cmd/cubby-demo":         {imports: []string{"cubby/cmd/cubby-demo/rig", "cubby/agent/cabinet"}},
		"cubby/cmd/cubby-demo/lossy":   {imports: []string{"github.com/hanwen/go-fuse/v2/fs"}},
		"cubby/cmd/cubby-demo/boards":  {imports: []string{"os"}},
		"cubby/cmd/cubby-demo/rig":     {imports: []string{"os"}},
		"cubby/cmd/cubby-start":        {imports: []string{"os"}},
	}
}

// with is the sound graph and one import more.
func with(from, to string) graph {
	g := sound()
	n := g[from]
	n.imports = append(append([]string{}, n.imports...), to)
	g[from] = n
	return g
}

// TestRulesBite plants violations and wants each found by the rule that is named, and each rule planted at least once.
func TestRulesBite(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		require.Empty(t, r.violations(sound()), r.name)
	}
	const orm = "gorm.io/..., github.com/glebarez/..."
	plants := []struct{ from, to, rule string }{
		{"cubby/models", "gorm.io/gorm", "cubby/models reaches the standard library alone"},
		{"cubby/models/catalogue", "gorm.io/gorm", "cubby/models/catalogue reaches the standard library alone"},
		{"cubby/cmd/cubby-start", "golang.org/x/term", "cubby/cmd/cubby-start reaches the standard library alone"},
		{"cubby/cmd/cubby-start", "cubby/models", "cubby/cmd/cubby-start imports of ours only nothing"},
		{"cubby/models", "cubby/agent/protocol", "cubby/models imports of ours only nothing"},
		{"cubby/models", "cubby/models/store", "cubby/models imports of ours only nothing"},
		{"cubby/models/store", "cubby/activities", "cubby/models/store/... imports of ours only cubby/models"},
		{"cubby/workflows", "cubby/worker", "cubby/workflows/... imports of ours only cubby/models, cubby/activities"},
		{"cubby/workflows", "cubby/activities/notify", "cubby/workflows/... imports of ours only cubby/models, cubby/activities"},
		{"cubby/activities/notify", "cubby/models/store", "cubby/activities/... imports of ours only cubby/models, cubby/models/catalogue"},
		{"cubby/api/gateway", "cubby/activities", "cubby/api/... imports of ours only cubby/models, cubby/models/catalogue, cubby/agent/protocol/..."},
		{"cubby/api", "cubby/agent/cabinet", "cubby/api/... imports of ours only cubby/models, cubby/models/catalogue, cubby/agent/protocol/..."},
		{"cubby/agent/cabinet", "cubby/api", "cubby/agent/... imports of ours only cubby/models"},
		{"cubby/worker", "cubby/api", "cubby/worker/... imports of ours only cubby/models, cubby/models/store, cubby/workflows/..., cubby/activities/..."},
		{"cubby/simulation", "cubby/worker", "cubby/simulation/... imports of ours only cubby/models, cubby/agent/cabinet, cubby/agent/journal, cubby/agent/protocol/..."},
		{"cubby/worker", "gorm.io/gorm", orm + " is imported only by cubby/models/store/..."},
		{"cubby/cmd/cubby", "github.com/glebarez/sqlite", orm + " is imported only by cubby/models/store/..."},
		{"cubby/cmd/cubby", "github.com/pressly/goose/v3", "github.com/pressly/goose/... is imported only by cubby/models/store/..."},
		{"cubby/cmd/cubby", "github.com/labstack/echo/v4", "github.com/labstack/echo/... is imported only by cubby/api/..."},
		{"cubby/activities", "github.com/jordan-wright/email", "github.com/jordan-wright/email is imported only by cubby/activities/notify"},
		{"cubby/activities/notify", "github.com/twilio/twilio-go/client", "github.com/twilio/twilio-go/... is imported only by cubby/activities/notify/sms"},
		{"cubby/api", "codeberg.org/go-pdf/fpdf", "codeberg.org/go-pdf/fpdf is imported only by cubby/api/labels"},
		{"cubby/cmd/cubby", "golang.org/x/crypto/argon2", "golang.org/x/crypto/argon2 is imported only by cubby/api/desk"},
		{"cubby/agent/lock", "go.bug.st/serial", "go.bug.st/serial is imported only by cubby/agent/link"},
		{"cubby/activities", "github.com/standard-webhooks/standard-webhooks/libraries/go", "github.com/standard-webhooks/... is imported only by cubby/cmd/cubby-demo/hooks"},
		{"cubby/cmd/cubby-agent", "github.com/hanwen/go-fuse/v2/fs", "github.com/hanwen/go-fuse/... is imported only by cubby/cmd/cubby-demo/lossy"},
		{"cubby/cmd/cubby", "cubby/workflows", "cubby/workflows/... is imported only by cubby/worker/..."},
		{"cubby/activities", "cubby/models/store", "cubby/workflows/... never reaches " + orm + ", cubby/models/store/..., cubby/api/..., cubby/agent/..."},
		{"cubby/agent/protocol", "go.temporal.io/sdk/workflow", "cubby/api/... never reaches " + orm + ", cubby/models/store/..., cubby/workflows/..., go.temporal.io/..."},
		{"cubby/agent/protocol", "cubby/models/store", "cubby/api/... never reaches " + orm + ", cubby/models/store/..., cubby/workflows/..., go.temporal.io/..."},
		{"cubby/cmd/cubby-agent", "cubby/worker", "cubby/agent/..., cubby/cmd/cubby-agent never reaches " + orm + ", cubby/models/store/..., cubby/api/..., cubby/workflows/..., cubby/worker/..., go.temporal.io/..., github.com/labstack/echo/..."},
		{"go.temporal.io/sdk/workflow", "go.temporal.io/server/common", "cubby/... never reaches go.temporal.io/server/..."},
		{"cubby/cmd/cubby-demo/boards", "cubby/agent/link", "cubby/cmd/cubby-demo/boards never reaches cubby/agent/..."},
		{"cubby/cmd/cubby-demo/rig", "cubby/agent/lock", "cubby/cmd/cubby-demo/... never reaches cubby/agent/lock/..."},
		{"cubby/workflows", "net/http", "cubby/workflows/... never imports net, net/http/..., os/..., database/..., math/rand/..., crypto/rand"},
		{"cubby/workflows", "os", "cubby/workflows/... never imports net, net/http/..., os/..., database/..., math/rand/..., crypto/rand"},
		{"cubby/api", "testing", neverLinksName},
		{"cubby/agent/cabinet", "github.com/stretchr/testify/mock", neverLinksName},
		{"cubby/cmd/cubby", "cubby/cmd/cubby-demo/rig", neverLinksName},
	}
	byName := map[string]rule{}
	for _, r := range rules() {
		require.NotContains(t, byName, r.name)
		byName[r.name] = r
	}
	planted := map[string]bool{}
	for _, plant := range plants {
		require.Contains(t, byName, plant.rule)
		planted[plant.rule] = true
		found := byName[plant.rule].violations(with(plant.from, plant.to))
		require.NotEmpty(t, found, "%s -> %s should break: %s", plant.from, plant.to, plant.rule)
		require.Contains(t, found[0], plant.to)
	}
	for name := range byName {
		require.True(t, planted[name], "no planted violation for: %s", name)
	}
}

const neverLinksName = "cubby/cmd/cubby, cubby/cmd/cubby-agent never links " +
	"testing/..., github.com/stretchr/testify/..., cubby/cmd/cubby-demo/..., cubby/checks"

func TestMisnamedBites(t *testing.T) {
	t.Parallel()
	g := graph{"cubby/models": {}, "cubby/agent/lock": {}}
	named := []rule{{name: "r", folders: []string{"cubby/models", "cubby/modles", "cubby/simulation/..."}}}
	require.Equal(t, []string{
		"a rule names cubby/modles, where there is no package",
		"cubby/agent/lock exists: take it off the list of later folders",
	}, misnamed(g, named, []string{"cubby/simulation", "cubby/agent/lock"}))
}
