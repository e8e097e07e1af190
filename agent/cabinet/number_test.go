package cabinet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cubby/agent/cabinet"
	"cubby/models"
)

// TestTheNumberIsThatOfTheIncident: the support finds an incident by the fact that opened it, whatever the
// cabinet wrote after it.
func TestTheNumberIsThatOfTheIncident(t *testing.T) {
	t.Parallel()
	stuck := func(r *rig) {
		r.keyIn(r.code("shp_1"))
		for range 3 {
			r.wait(7_300)
			r.press(cabinet.ButtonTryAgain)
		}
	}
	for name, c := range map[string]struct {
		acts func(r *rig)
		fact models.FactType
		text cabinet.TextKey
	}{
		"it does not open":     {stuck, models.FactDoorJammed, cabinet.TextStuck},
		"given up":             {func(r *rig) { r.keyIn(r.code("shp_1")); r.wait(7_300); r.press(cabinet.ButtonFinish) }, models.FactDoorJammed, cabinet.TextStuck},
		"help at a stuck door": {func(r *rig) { r.keyIn(r.code("shp_1")); r.wait(7_300); r.press(cabinet.ButtonHelp) }, models.FactDoorJammed, cabinet.TextHelpNoPhone},
		"help after it":        {func(r *rig) { stuck(r); r.press(cabinet.ButtonHelp) }, models.FactDoorJammed, cabinet.TextHelpNoPhone},
		"something is wrong": {func(r *rig) {
			r.keyIn(r.code("shp_1"))
			r.open(1)
			r.close(1)
			r.press(cabinet.ButtonProblem)
			r.press(trouble(models.TroubleEmpty))
		}, models.FactTrouble, cabinet.TextAdviceEmpty},
		"help after that": {func(r *rig) {
			r.keyIn(r.code("shp_1"))
			r.open(1)
			r.press(cabinet.ButtonProblem)
			r.press(trouble(models.TroubleEmpty))
			r.press(cabinet.ButtonDone)
			r.close(1)
			r.press(cabinet.ButtonHelp)
		}, models.FactTrouble, cabinet.TextHelpNoPhone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := stored(t, policy(), 1)
			c.acts(r)
			v := r.screen()
			require.Equal(t, c.text, v.Text)
			f, _ := r.lastFact(c.fact)
			said := v.Params["number"]
			if v.Screen == cabinet.ScreenHelp {
				said = v.Params["session"]
			}
			require.Equal(t, f.Number(), said)
			require.Contains(t, v.Sentence, said)
			r.wait(120_000)
			r.do(cabinet.BoardChanged{Board: "A", Cells: []int{2}}) // the journal goes on
			r.do(cabinet.Touched{})
			r.press(cabinet.ButtonHelp)
			require.NotEqual(t, f.Number(), r.screen().Params["session"], "it is the next person's")
		})
	}
}
