package cabinet

// explain says on the page of help what is happening on the page beneath it, and what to do there: until what
// somebody asked for on the page of help itself has come.
func (v *View) explain(beneath View) {
	if len(v.Lines) > 0 {
		return
	}
	do := TextHelpGoOn
	switch {
	case len(beneath.Doors) > 0:
		do = TextHelpDoor
	case beneath.Screen == ScreenOut, beneath.Screen == ScreenPower:
		do = TextHelpLater
	case beneath.Text == TextHome:
		do = TextHelpCode
	}
	now := v.Language.sentence(TextHelpNow, map[string]string{"what": v.Language.sentence(beneath.Text, beneath.Params)})
	v.Lines = []string{now, v.Language.sentence(do, nil)}
}
