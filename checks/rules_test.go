package checks

import (
	"slices"
	"strings"
)

// rule is one import rule over some of the module's folders.
type rule struct {
	name string
	// folders are patterns of import paths; each must name something, or be in later.
	folders []string
	// violations says what breaks the rule, one sentence each.
	violations func(g graph) []string
}

// later are folders that rules name and that do not exist yet.
func later() []string {
	return nil
}

// rules are those of the design, "Folders and import rules". Tests may import what they like.
func rules() []rule {
	orm := []string{"gorm.io/...", "github.com/glebarez/..."}
	return []rule{
		standardOnly("cubby/models"),
		standardOnly("cubby/models/catalogue"),
		standardOnly("cubby/cmd/cubby-start"),
		oursOnly("cubby/cmd/cubby-start", nil),

		// What each folder may import of ours. Its own subtree is always allowed.
		oursOnly("cubby/models", nil),
		oursOnly("cubby/models/store/...", []string{"cubby/models"}),
		oursOnly("cubby/workflows/...", []string{"cubby/models", "cubby/activities"}),
		oursOnly("cubby/activities/...", []string{"cubby/models", "cubby/models/catalogue"}),
		oursOnly("cubby/api/...", []string{"cubby/models", "cubby/models/catalogue", "cubby/agent/protocol/..."}),
		oursOnly("cubby/agent/...", []string{"cubby/models"}),
		oursOnly("cubby/worker/...", []string{
			"cubby/models", "cubby/models/store", "cubby/workflows/...", "cubby/activities/...",
		}),
		oursOnly("cubby/simulation/...", []string{
			"cubby/models", "cubby/agent/cabinet", "cubby/agent/journal", "cubby/agent/protocol/...",
		}),

		// Who alone may import something.
		importedOnlyBy(orm, "cubby/models/store/..."),
		importedOnlyBy([]string{"github.com/pressly/goose/..."}, "cubby/models/store/..."),
		importedOnlyBy([]string{"github.com/labstack/echo/..."}, "cubby/api/..."),
		importedOnlyBy([]string{"github.com/jordan-wright/email"}, "cubby/activities/notify"),
		importedOnlyBy([]string{"github.com/twilio/twilio-go/..."}, "cubby/activities/notify/sms"),
		importedOnlyBy([]string{"codeberg.org/go-pdf/fpdf"}, "cubby/api/labels"),
		importedOnlyBy([]string{"go.bug.st/serial"}, "cubby/agent/link"),
		importedOnlyBy([]string{"golang.org/x/crypto/argon2"}, "cubby/api/desk"),
		importedOnlyBy([]string{"github.com/hanwen/go-fuse/..."}, "cubby/cmd/cubby-demo/lossy"),
		importedOnlyBy([]string{"github.com/standard-webhooks/..."}, "cubby/cmd/cubby-demo/hooks"), // and by tests: see models.SignWebhook
		importedOnlyBy([]string{"cubby/workflows/..."}, "cubby/worker/..."),

		// What may not be reached, however long the way.
		neverReaches([]string{"cubby/workflows/..."}, slices.Concat(orm,
			[]string{"cubby/models/store/...", "cubby/api/...", "cubby/agent/..."})),
		neverReaches([]string{"cubby/api/..."}, slices.Concat(orm,
			[]string{"cubby/models/store/...", "cubby/workflows/...", "go.temporal.io/..."})),
		neverReaches([]string{"cubby/agent/...", "cubby/cmd/cubby-agent"}, slices.Concat(orm, []string{
			"cubby/models/store/...", "cubby/api/...", "cubby/workflows/...", "cubby/worker/...",
			"go.temporal.io/...", "github.com/labstack/echo/...",
		})),
		neverReaches([]string{"cubby/..."}, []string{"go.temporal.io/server/..."}),
		neverReaches([]string{"cubby/cmd/cubby-demo/..."}, []string{"cubby/agent/lock/..."}),
		neverReaches([]string{"cubby/cmd/cubby-demo/boards"}, []string{"cubby/agent/..."}),

		// The Temporal SDK reaches these itself, so the rule is about the workflows' own imports.
		neverImports("cubby/workflows/...", []string{"net", "net/http/...", "os/...", "database/...", "math/rand/...", "crypto/rand"}),

		// The Temporal SDK and others reach testify themselves, so the rule is about our packages in the program.
		neverLinks([]string{"cubby/cmd/cubby", "cubby/cmd/cubby-agent"},
			[]string{"testing/...", "github.com/stretchr/testify/...", "cubby/cmd/cubby-demo/...", "cubby/checks"}),
	}
}

func standardOnly(folder string) rule {
	return rule{folder + " reaches the standard library alone", []string{folder}, func(g graph) []string {
		return eachChain(g, []string{folder}, func(path string) bool { return !g[path].standard }, everything)
	}}
}

func oursOnly(folder string, allowed []string) rule {
	names := strings.Join(allowed, ", ")
	if names == "" {
		names = "nothing"
	}
	allowed = append([]string{folder}, allowed...)
	return rule{folder + " imports of ours only " + names, []string{folder}, func(g graph) []string {
		return eachChain(g, []string{folder}, func(path string) bool { return ours(path) && !withinAny(path, allowed) }, nothing)
	}}
}

func importedOnlyBy(what []string, owner string) rule {
	return rule{strings.Join(what, ", ") + " is imported only by " + owner, []string{owner}, func(g graph) []string {
		var found []string
		for _, from := range g.match(module + "/...") {
			if within(from, owner) || withinAny(from, what) {
				continue
			}
			found = append(found, eachChain(g, []string{from}, func(path string) bool { return withinAny(path, what) }, nothing)...)
		}
		return found
	}}
}

func neverReaches(folders, what []string) rule {
	return rule{strings.Join(folders, ", ") + " never reaches " + strings.Join(what, ", "), folders, func(g graph) []string {
		return eachChain(g, folders, func(path string) bool { return withinAny(path, what) }, everything)
	}}
}

func neverImports(folder string, what []string) rule {
	return rule{folder + " never imports " + strings.Join(what, ", "), []string{folder}, func(g graph) []string {
		return eachChain(g, []string{folder}, func(path string) bool { return withinAny(path, what) }, nothing)
	}}
}

func neverLinks(programs, what []string) rule {
	return rule{strings.Join(programs, ", ") + " never links " + strings.Join(what, ", "), programs, func(g graph) []string {
		return eachChain(g, programs, func(path string) bool { return withinAny(path, what) }, ours)
	}}
}

func everything(string) bool { return true }

func nothing(string) bool { return false }

// eachChain writes down, for every package in the folders, the shortest way to a package that is forbidden to it.
func eachChain(g graph, folders []string, forbidden, pass func(string) bool) []string {
	var found []string
	for _, from := range g.match(folders...) {
		if way := g.chain(from, forbidden, pass); way != nil {
			found = append(found, strings.Join(way, " -> "))
		}
	}
	return found
}

// misnamed returns what is wrong with the rules' folders: one that is not there, or one that is not "later" any more.
func misnamed(g graph, rules []rule, later []string) []string {
	var wrong []string
	for _, r := range rules {
		for _, folder := range r.folders {
			if len(g.match(folder)) == 0 && !slices.Contains(later, strings.TrimSuffix(folder, "/...")) {
				wrong = append(wrong, "a rule names "+folder+", where there is no package")
			}
		}
	}
	for _, folder := range later {
		if len(g.match(folder+"/...")) > 0 {
			wrong = append(wrong, folder+" exists: take it off the list of later folders")
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}
