package cabinet

import (
	"slices"
	"strconv"
	"strings"
)

const choiceKeys = 9 // digits of a keypad that choose

// speak gives a page what is read aloud of it, to who has switched that on. Nobody else is read
// anything, by day or night: a cabinet cannot know whether a headset is plugged in, so in quiet hours
// as well a person has to ask for it in their own visit.
func (v *View) speak() {
	if !v.Access.Speech {
		return
	}
	v.Aloud = map[Button]string{}
	for _, b := range slices.Concat(v.Buttons, v.Frame) {
		if said := v.aloud(b); said != v.Labels[b] {
			v.Aloud[b] = said
		}
	}
	v.Spoken = v.spoken()
}

// aloud is what is said of a button: what stands on it, unless that is for the eye alone.
func (v *View) aloud(b Button) string {
	said := v.Labels[b]
	if b == ButtonAccess {
		said = v.Language.sentence(TextSayAccess, nil)
	}
	if on := v.Access.setting(b); on != nil && *on {
		said = v.Language.sentence(TextSayOn, map[string]string{"label": said})
	}
	return said
}

// spoken is a page read aloud, as it is read from above: what it says, how long it stays, where the
// doors are, what stands below that; then what can be chosen, and by which key. What a person types
// is never spoken.
func (v *View) spoken() string {
	said := []string{v.Sentence}
	say := func(key TextKey, params ...string) {
		named := map[string]string{}
		for i := 0; i+1 < len(params); i += 2 {
			named[params[i]] = params[i+1]
		}
		said = append(said, v.Language.sentence(key, named))
	}
	if v.Seconds > 0 {
		say(TextSaySeconds, "seconds", strconv.Itoa(v.Seconds))
	}
	for _, door := range v.Doors {
		if place := v.Places[door]; place != "" {
			said = append(said, v.Language.sentence(TextStaffCell, map[string]string{"cell": strconv.Itoa(door)})+": "+place)
		}
	}
	if v.Progress != "" {
		said = append(said, v.Progress)
	}
	said = append(said, v.Lines...)
	for _, l := range v.Report {
		line := l.Name + ": " + l.Value
		if l.Wrong {
			line = v.Language.sentence(TextSayWrong, map[string]string{"line": line})
		}
		said = append(said, line)
	}
	for _, n := range v.Neighbours {
		said = append(said, n.Number+", "+n.Address+", "+distance(n.DistanceM))
	}
	said = append(said, v.Strips...)

	var choices []string
	for _, item := range v.Items {
		choices = append(choices, item.Label)
	}
	for _, b := range v.Buttons {
		choices = append(choices, v.aloud(b))
	}
	moves := false
	choose := func(key, label string) {
		if key == "" {
			moves, said = true, append(said, label)
			return
		}
		say(TextSayPress, "key", key, "label", label)
	}
	for i, label := range choices {
		key := ""
		if v.Pad == "" && i < choiceKeys { // else digits are typed
			key = strconv.Itoa(i + 1)
		}
		choose(key, label)
	}
	for _, b := range v.Frame {
		choose(v.frameKey(b), v.aloud(b))
	}
	if moves {
		say(TextSayMove)
	}
	var whole []string
	for _, s := range said {
		if s != "" {
			whole = append(whole, ended(s))
		}
	}
	return strings.Join(whole, " ")
}

// ended is a sentence with its end, where a voice pauses.
func ended(s string) string {
	if strings.ContainsAny(s[len(s)-1:], ".?!:") || strings.HasSuffix(s, "؟") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}

// frameKey is the name of the key that presses a button of the frame; empty: one has to move to it.
func (v *View) frameKey(b Button) string {
	key := TextKey("")
	switch {
	case b == ButtonAccess, b == ButtonBack && !slices.Contains(v.Frame, ButtonAccess):
		key = TextKeyAccess
	case b == ButtonHelp, b == ButtonBack && !slices.Contains(v.Frame, ButtonHelp):
		key = TextKeyHelp
	default:
		return ""
	}
	return v.Language.sentence(key, nil)
}
