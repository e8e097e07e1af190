package screen_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
)

// TestLabels: no button shows its bare name to a person.
func TestLabels(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("page/screen.js")
	require.NoError(t, err)
	list := regexp.MustCompile(`(?s)const labels = \{(.*?)\};`).FindSubmatch(script)
	require.NotNil(t, list, "the script has its labels in one list")
	labels := map[string]string{}
	of := map[string]string{} // a label's button
	for _, m := range regexp.MustCompile(`(\w+): '([^']+)'`).FindAllSubmatch(list[1], -1) {
		name, label := string(m[1]), string(m[2])
		require.NotContains(t, labels, name)
		require.NotContains(t, of, label, "%s and %s are told apart", name, of[label])
		labels[name], of[label] = label, name
	}
	for _, b := range cabinet.Buttons() {
		require.Contains(t, labels, string(b), "a label for the button")
		delete(labels, string(b))
	}
	require.Empty(t, labels, "labels of no button")
}
