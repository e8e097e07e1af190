package cabinet

import "strings"

// TextKey names a sentence of the screen.
type TextKey string

// The sentences.
const (
	TextHome          TextKey = "home"
	TextWait          TextKey = "wait"
	TextTryLater      TextKey = "try_later"
	TextOutOfService  TextKey = "out_of_service"
	TextTooLong       TextKey = "too_long"
	TextBadgeFirst    TextKey = "badge_first"
	TextPIN           TextKey = "pin"
	TextWrongPIN      TextKey = "wrong_pin"
	TextBadgePaused   TextKey = "badge_paused"
	TextDismissed     TextKey = "dismissed"
	TextCourier       TextKey = "courier"
	TextLoaded        TextKey = "loaded"
	TextGoodbye       TextKey = "goodbye"
	TextOpening       TextKey = "opening"
	TextPutIn         TextKey = "put_in"
	TextTakeOut       TextKey = "take_out"
	TextIsEmpty       TextKey = "is_empty"
	TextUnknownLabel  TextKey = "unknown_label"
	TextFull          TextKey = "full"
	TextAlreadyIn     TextKey = "already_in"
	TextCancelled     TextKey = "cancelled"
	TextGone          TextKey = "gone"
	TextOtherCarrier  TextKey = "other_carrier"
	TextNoDeposits    TextKey = "no_deposits"
	TextRefused       TextKey = "refused"
	TextMistyped      TextKey = "mistyped"
	TextUnknownScan   TextKey = "unknown_scan"
	TextWrongCode     TextKey = "wrong_code"
	TextNoKey         TextKey = "no_key"
	TextPaused        TextKey = "paused"
	TextScansPaused   TextKey = "scans_paused"
	TextBusy          TextKey = "busy"
	TextCollected     TextKey = "collected"
	TextWithdrawn     TextKey = "withdrawn"
	TextHeldBack      TextKey = "held_back"
	TextTake          TextKey = "take"
	TextPleaseClose   TextKey = "please_close"
	TextJammed        TextKey = "jammed"
	TextStuck         TextKey = "stuck"
	TextEverything    TextKey = "everything"
	TextReported      TextKey = "reported"
	TextThanks        TextKey = "thanks"
	TextBoardDead     TextKey = "board_dead"
	TextInterrupted   TextKey = "interrupted"
	TextStillThere    TextKey = "still_there"
	TextAway          TextKey = "away"
	TextCollectList   TextKey = "collect_list"
	TextTakeAndScan   TextKey = "take_and_scan"
	TextScanTaken     TextKey = "scan_taken"
	TextNotThis       TextKey = "not_this"
	TextNothingThere  TextKey = "nothing_there"
	TextWhatInside    TextKey = "what_inside"
	TextNothingDoubt  TextKey = "nothing_doubtful"
	TextNoted         TextKey = "noted"
	TextLeaveHere     TextKey = "leave_here"
	TextHere          TextKey = "here"
	TextNothingHere   TextKey = "nothing_here"
	TextWhichCell     TextKey = "which_cell"
	TextPutBack       TextKey = "put_back"
	TextPutBackThanks TextKey = "put_back_thanks"
	TextGivenBack     TextKey = "given_back"
	TextTooBig        TextKey = "too_big"
	TextNoneOpens     TextKey = "none_opens"
	TextElsewhere     TextKey = "elsewhere"
	TextConfirmLabel  TextKey = "confirm_label"
	// Why a parcel is to be taken out, in a list.
	TextWhyExpired     TextKey = "why_expired"
	TextWhyCancelled   TextKey = "why_cancelled"
	TextWhyRefused     TextKey = "why_refused"
	TextWhyDamaged     TextKey = "why_damaged"
	TextWhyMoved       TextKey = "why_moved"
	TextWhyUnannounced TextKey = "why_unannounced"
	TextStripClosed    TextKey = "strip_closed"
	TextStripOffline   TextKey = "strip_offline"
	TextStripOpen      TextKey = "strip_open"
)

// english is the sentence of a key, with its parameters in braces.
func english(key TextKey) string {
	switch key {
	case TextHome:
		return "Type your pickup code, or hold it to the scanner."
	case TextWait:
		return "One moment, please."
	case TextTryLater:
		return "That did not work. Please try once more."
	case TextOutOfService:
		return "This locker cannot work just now. Parcels inside are safe. It tries again by itself."
	case TextTooLong:
		return "That is too long to be a code or label."
	case TextBadgeFirst:
		return "Courier: please show your badge first."
	case TextPIN:
		return "Type your PIN."
	case TextWrongPIN:
		return "That PIN is not right. Please try again."
	case TextBadgePaused:
		return "Too many wrong PINs. This badge is paused for 15 minutes."
	case TextDismissed:
		return "This badge may not be used here now. Please ask your dispatcher."
	case TextCourier:
		return "Scan a parcel. Loaded: {loaded}. Free: {free_s} S, {free_m} M, {free_l} L, {free_xl} XL."
	case TextLoaded:
		return "In cell {cell}. Scan the next parcel."
	case TextGoodbye:
		return "Thank you. You are logged out."
	case TextOpening:
		return "Cell {cells} is opening."
	case TextPutIn:
		return "Put the parcel into cell {cells} and close the door."
	case TextTakeOut:
		return "Take the parcel out and close door {cells}."
	case TextIsEmpty:
		return "Is cell {cells} empty?"
	case TextUnknownLabel:
		return "This label is not expected here."
	case TextFull:
		return "No free cell fits this parcel. {size}"
	case TextAlreadyIn:
		return "This parcel is already in cell {cell}."
	case TextCancelled:
		return "This parcel was cancelled. Please take it back."
	case TextGone:
		return "This parcel was already collected here."
	case TextOtherCarrier:
		return "This parcel belongs to another carrier."
	case TextNoDeposits:
		return "This locker takes no parcels now."
	case TextRefused:
		return "This is not possible: {reason}."
	case TextMistyped:
		return "One digit is mistyped. Please check your code."
	case TextUnknownScan:
		return "This is not a code of this locker."
	case TextWrongCode:
		return "This is not a code of this locker. Please check which locker your message names."
	case TextNoKey:
		return "Codes cannot be checked yet. Please try again in a minute."
	case TextPaused:
		return "Too many wrong codes. Typing is paused; scanning still works."
	case TextScansPaused:
		return "Too many wrong codes were scanned today. Please call us."
	case TextBusy:
		return "This parcel is being collected just now."
	case TextCollected:
		return "This was already collected."
	case TextWithdrawn:
		return "This parcel is not to be collected here any more. Please call us."
	case TextHeldBack:
		return "This parcel is held back for now. Please call us."
	case TextTake:
		return "Take it from cell {cells} and close the door."
	case TextPleaseClose:
		return "Please close door {cells}."
	case TextJammed:
		return "Push door {cells} gently, then try again."
	case TextStuck:
		return "Door {cells} did not open. We have been told; your code stays valid."
	case TextEverything:
		return "Everything taken?"
	case TextReported:
		return "Thank you, we have been told about cell {cells}."
	case TextThanks:
		return "Thank you, good-bye."
	case TextBoardDead:
		return "The lock of cell {cells} does not answer. We have been told; your code stays valid."
	case TextInterrupted:
		return "We were interrupted. Did you take everything from cell {cells}?"
	case TextStillThere:
		return "Cell {cells} stays yours, and your code stays valid."
	case TextAway:
		return "Courier away. Clients may collect; show the badge to go on."
	case TextCollectList:
		return "To take out: {cells}."
	case TextTakeAndScan:
		return "Take the parcel out of cell {cells}, close the door and scan its label."
	case TextScanTaken:
		return "Scan the label of what you took out of cell {cells}."
	case TextNotThis:
		return "This is not the parcel of cell {cells}. Please put it back, close the door and take the right one."
	case TextNothingThere:
		return "Nothing is to be taken out here."
	case TextWhatInside:
		return "What is in cell {cells}? Scan it, or press a button."
	case TextNothingDoubt:
		return "No cell is in doubt."
	case TextNoted:
		return "Thank you. Cell {cells} is noted."
	case TextLeaveHere:
		return "Nobody announced this parcel. Choose a size to leave it here, or take it back."
	case TextHere:
		return "Expected here: {count}. Press yours, scan its label, or type its last characters."
	case TextNothingHere:
		return "Nothing of yours is expected here."
	case TextWhichCell:
		return "Which one do you not want? Press its cell."
	case TextPutBack:
		return "Put it back into cell {cells} and close the door. Why do you not want it?"
	case TextPutBackThanks:
		return "Thank you. It stays in cell {cells} and goes back."
	case TextGivenBack:
		return "You gave this back, and it goes back to its sender. Please call us."
	case TextTooBig:
		return "This parcel fits no cell of this locker. Please take it back. {size}"
	case TextNoneOpens:
		return "No cell opens for this parcel. Please take it back."
	case TextElsewhere:
		return "This parcel goes to another locker. Please take it back."
	case TextConfirmLabel:
		return "Type the end of its label, or confirm that the parcel of cell {cells} ends in {label}."
	case TextWhyExpired:
		return "storage is over"
	case TextWhyCancelled:
		return "cancelled"
	case TextWhyRefused:
		return "refused"
	case TextWhyDamaged:
		return "refused, damaged"
	case TextWhyMoved:
		return "goes to another locker"
	case TextWhyUnannounced:
		return "not announced"
	case TextStripClosed:
		return "This locker is out of service. Parcels inside can be collected."
	case TextStripOffline:
		return "Working without network; collecting works."
	case TextStripOpen:
		return "Cell {cell} is open, please close it."
	}
	return string(key)
}

func sentence(key TextKey, params map[string]string) string {
	pairs := make([]string, 0, 2*len(params))
	for name, value := range params {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.TrimSpace(strings.NewReplacer(pairs...).Replace(english(key)))
}
