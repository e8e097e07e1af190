package cabinet

import (
	"cubby/agent/protocol"
	"cubby/models"
)

// Input is something that happens to a cabinet. Those that may begin an operation carry
// a fresh id for it, since the core has no randomness; it is used at most once. Side is the
// face of a two-way cabinet that the person stands at; empty is the front.
type Input interface{ isInput() }

// The inputs.
type (
	// Started comes first after every start of the program, with the doors seen open.
	// Lost: the store was damaged and set aside, so nothing is remembered.
	// OpenLoad are the cells of which the door at the back is open.
	Started struct {
		Boot     string
		Open     []int
		OpenLoad []int
		Lost     bool
	}
	// Tick is nothing but time: the host gives it at NextDeadline.
	Tick struct{}
	// Scanned is what the scanner read.
	Scanned struct {
		Text string
		ID   models.OperationID
		Side models.Side
	}
	// Keyed is a typed code, PIN or label, submitted.
	Keyed struct {
		Text string
		ID   models.OperationID
		Side models.Side
	}
	// Pressed is a button of the screen.
	Pressed struct {
		Button Button
		ID     models.OperationID
		Side   models.Side
	}
	// Chose is a line of the list on the screen.
	Chose struct {
		Key  string
		ID   models.OperationID
		Side models.Side
	}
	// Touched is a person who does something at the screen that is nothing yet: it types.
	Touched struct{ Side models.Side }
	// DoorChanged is a door seen to open or close. Side counts for two-way cells alone.
	DoorChanged struct {
		Cell int
		Side models.Side
		Open bool
	}
	// LinkUp says that a stream stands; the nonce is of this session, Agent the program's
	// version.
	LinkUp struct{ Nonce, Agent string }
	// LinkDown says that it does not any more.
	LinkDown struct{}
	// ContinueFrom is the server's message.
	ContinueFrom struct{ protocol.ContinueFrom }
	// NewEpoch is the server's message.
	NewEpoch struct{ protocol.NewEpoch }
	// DirectoryChanged is the server's message.
	DirectoryChanged struct{}
	// DirectoryEntries is a page of the directory.
	DirectoryEntries struct{ protocol.DirectoryReply }
	// JournalAcked says up to which fact the server keeps the journal.
	JournalAcked struct{ Epoch, Seq int64 }
	// JournalForked says that the server refused facts of an epoch: they do not follow what
	// it keeps.
	JournalForked struct{ Epoch int64 }
	// Answer is the server's message.
	Answer struct{ protocol.Answer }
	// Command is the server's message.
	Command struct{ protocol.Command }
	// Replied is what came of a request: the server's answer, or none.
	Replied struct {
		ID    string
		Reply *protocol.RequestReply
	}
	// KeyInstalled brings the cabinet's key, after each start.
	KeyInstalled struct{ Key models.CabinetKey }
	// TrustInstalled brings the keys that sign grants, after each start.
	TrustInstalled struct{ Signers []models.SignerKey }
	// BoardChanged says that a lock board stopped answering, or answers again.
	BoardChanged struct {
		Board string
		Cells []int
		Up    bool
	}
	// ParcelSensed is the word of a cell's parcel sensor.
	ParcelSensed struct {
		Cell   int
		Sensed Sensed
	}
	// ClimateRead is a module's temperature, in tenths of a degree Celsius; not Known: its
	// thermometer does not answer. GraceMS is for how long it may be out of its range, or
	// silent, until that counts; 0: five minutes.
	ClimateRead struct {
		Module  int
		Tenths  int
		Known   bool
		GraceMS int64
	}
	// OutputChanged says whether the relay of an output can be driven, first after each start.
	OutputChanged struct {
		Output models.Output
		Up     bool
	}
	// OutputDriven says what came of an effect Drive, which it repeats. Done: the relay board has
	// taken it. Unsure: it was told, and did not answer.
	OutputDriven struct {
		Drive
		Done, Unsure bool
	}
	// TamperRead is the word of a contact that watches over the cabinet; not Known: it cannot be
	// read.
	TamperRead struct {
		Tamper models.Tamper
		Alarm  bool
		Known  bool
	}
	// OutputTried is a technician on site who tries an output past the screen.
	OutputTried struct{ Output models.Output }
	// OpenedDirectly is a technician on site who opens a cell past the screen. AtMS is Unix
	// milliseconds. Spooled: the program was dead and the lock was driven already.
	OpenedDirectly struct {
		Cell    int
		AtMS    int64
		Spooled bool
	}
	// Takeover is a technician's list of what is in the cells of a cabinet that was in use
	// before. All of it is applied or nothing, unless Partial. RestEmpty: the cells that it
	// does not name are empty; otherwise they are in doubt.
	Takeover struct {
		Rows      []TakeoverRow
		RestEmpty bool
		Partial   bool
	}
	// DeviceCounted is how a device has worked, for the server.
	DeviceCounted struct {
		Device string // as facts name it
		Up     bool
		Counts models.DeviceCounts
	}
	// DevicesTold is how every device of the cabinet stands, for a technician to read.
	DevicesTold struct{ Devices []Device }
	// PowerChanged is what the power supply tells, after each start too.
	PowerChanged struct{ Power }
	// SnapshotTaken is the server's view of the cells.
	SnapshotTaken struct{ protocol.Snapshot }
)

func (Started) isInput()          {}
func (Tick) isInput()             {}
func (Scanned) isInput()          {}
func (Keyed) isInput()            {}
func (Pressed) isInput()          {}
func (Chose) isInput()            {}
func (Touched) isInput()          {}
func (DoorChanged) isInput()      {}
func (LinkUp) isInput()           {}
func (LinkDown) isInput()         {}
func (ContinueFrom) isInput()     {}
func (NewEpoch) isInput()         {}
func (DirectoryChanged) isInput() {}
func (DirectoryEntries) isInput() {}
func (JournalAcked) isInput()     {}
func (JournalForked) isInput()    {}
func (Answer) isInput()           {}
func (Command) isInput()          {}
func (Replied) isInput()          {}
func (KeyInstalled) isInput()     {}
func (TrustInstalled) isInput()   {}
func (BoardChanged) isInput()     {}
func (SnapshotTaken) isInput()    {}
func (OpenedDirectly) isInput()   {}
func (ParcelSensed) isInput()     {}
func (ClimateRead) isInput()      {}
func (DevicesTold) isInput()      {}
func (DeviceCounted) isInput()    {}
func (PowerChanged) isInput()     {}
func (OutputChanged) isInput()    {}
func (OutputDriven) isInput()     {}
func (OutputTried) isInput()      {}
func (TamperRead) isInput()       {}
func (Takeover) isInput()         {}

// Effect is something to be done in the world, after the state is durable.
type Effect interface{ isEffect() }

// The effects. The screen is none: View derives it from the state.
type (
	// Pulse drives a lock once. It is never repeated by whoever carries it out.
	// Side is the back for the door at the back of a two-way cell, and empty for every other.
	Pulse struct {
		Operation models.OperationID
		Cell      int
		Side      models.Side
		Attempt   int
	}
	// Drive drives an output for so many milliseconds, which its relay board counts by itself: a
	// program that dies leaves nothing on. 0 ends it at once. What comes of it is told by
	// OutputDriven.
	// Operation is of an order for the gate alone.
	Drive struct {
		Output    models.Output
		ForMS     int64
		Operation models.OperationID
	}
	// Restart has a device begin anew, by its key.
	Restart struct{ Device string }
	// Send puts a message on the stream; it is dropped if there is none.
	Send struct {
		Type protocol.Type
		Body any
	}
	// UploadJournal says that there are facts to send: State.Unacknowledged.
	UploadJournal struct{}
	// FetchDirectory says that the directory after Directory.Cursor is wanted.
	FetchDirectory struct{}
	// FetchSnapshot says that the server's view of the cells is wanted.
	FetchSnapshot struct{}
	// AskServer asks the server for something beside operations, once.
	AskServer struct{ protocol.Request }
)

func (Pulse) isEffect()          {}
func (Drive) isEffect()          {}
func (Restart) isEffect()        {}
func (Send) isEffect()           {}
func (UploadJournal) isEffect()  {}
func (FetchDirectory) isEffect() {}
func (FetchSnapshot) isEffect()  {}
func (AskServer) isEffect()      {}

// Button is a button of the screen.
type Button string

// The buttons.
const (
	ButtonCancel    Button = "cancel"
	ButtonFinish    Button = "finish"
	ButtonNotPlaced Button = "not_placed"
	ButtonNotFit    Button = "did_not_fit"
	ButtonEmpty     Button = "empty"
	ButtonNotEmpty  Button = "not_empty"
	// ButtonNothingElse: what was scanned of a cell in doubt is all that is inside.
	ButtonNothingElse Button = "nothing_else"
	ButtonYesTaken    Button = "yes_taken"
	ButtonOpenAgain   Button = "open_again"
	ButtonTryAgain    Button = "try_again"
	ButtonProblem     Button = "problem"

	ButtonCollect       Button = "collect"
	ButtonOpenNext      Button = "open_next"
	ButtonMissing       Button = "missing"
	ButtonCheck         Button = "check"
	ButtonSomethingElse Button = "something_else"
	// Of an unannounced parcel; leave_s to leave_xl choose a size for it.
	ButtonTakeBack Button = "take_back"
	// Of what the server is asked for beside operations.
	ButtonAskServer Button = "ask_server"
	ButtonCallBack  Button = "call_back"
	// Of a parcel that has room beside another of its shipment.
	ButtonSameCell Button = "same_cell"
	ButtonNewCell  Button = "new_cell"
	ButtonList     Button = "list"
	// Of a pickup that was interrupted.
	ButtonTaken    Button = "taken"
	ButtonNotTaken Button = "not_taken"
	// Of what the client does not want: the reasons are those of the facts.
	ButtonRefuse     Button = "refuse"
	ButtonDamaged    Button = models.RefusedDamaged
	ButtonNotOrdered Button = models.RefusedNotOrdered
	ButtonOther      Button = models.RefusedOther
	ButtonKeep       Button = "keep"
	// Of what a courier took out.
	ButtonUnreadable Button = "unreadable"
	ButtonConfirm    Button = "confirm"
	ButtonPutBack    Button = "put_back"
	ButtonTakeAnyway Button = "take_anyway"
	// Of the frame, on every screen; language_en and so on choose a language.
	// ButtonLanguages shows these.
	ButtonLanguages Button = "languages"
	ButtonBack      Button = "back"
	ButtonHelp      Button = "help"
	ButtonCourier   Button = "courier"
	ButtonAccess    Button = "access"
	ButtonMoreTime  Button = "more_time"
	ButtonDone      Button = "done"
	// ButtonSmaller opens a smaller cell for what a courier puts in.
	ButtonSmaller Button = "smaller"
	// Of a list: its next page. size_s to size_xl show one size alone, or choose one for a parcel.
	ButtonMore Button = "more"
	// ButtonClient lets a client come between a courier's parcels.
	ButtonClient Button = "client"
	// ButtonOpen opens several doors.
	ButtonOpen Button = "open"
	// ButtonCodeAgain has the code sent once more.
	ButtonCodeAgain Button = "code_again"
	// ButtonStaff asks for a technician's badge: the page presses it when help is pressed for 5 s.
	ButtonStaff Button = "staff"
	// Of the technicians' screens; service_… and entry_… are the reasons of models.
	ButtonDoors        Button = "doors"
	ButtonDevices      Button = "devices"
	ButtonLeave        Button = "staff_leave"
	ButtonOutOfService Button = "out_of_service"
	ButtonInService    Button = "in_service"
	ButtonFound        Button = "found"
	ButtonRestart      Button = "restart"
	ButtonTestScanner  Button = "test_scanner"
	ButtonTestTouch    Button = "test_touch"
	ButtonTestSound    Button = "test_sound"
	ButtonHeard        Button = "heard"
	ButtonUnheard      Button = "unheard"
	ButtonTry          Button = "try"
	ButtonCycle        Button = "power_cycle"
	ButtonEndAlarm     Button = "end_alarm"
	// Of the wiring of the locks.
	ButtonWiring      Button = "find_wiring"
	ButtonStart       Button = "start_wiring"
	ButtonStop        Button = "stop_wiring"
	ButtonAccept      Button = "accept_wiring"
	ButtonTryDoubtful Button = "try_doubtful"
	ButtonLeaveWiring Button = "leave_wiring"
)

// Buttons lists them all.
func Buttons() []Button {
	all := []Button{ButtonCancel, ButtonFinish, ButtonNotPlaced, ButtonNotFit, ButtonEmpty, ButtonNotEmpty,
		ButtonYesTaken, ButtonOpenAgain, ButtonTryAgain, ButtonProblem,
		ButtonCollect, ButtonOpenNext, ButtonMissing, ButtonCheck, ButtonSomethingElse, ButtonNothingElse, ButtonTakeBack, ButtonList, ButtonSameCell, ButtonNewCell, ButtonAskServer, ButtonCallBack,
		ButtonTaken, ButtonNotTaken, ButtonRefuse, ButtonDamaged, ButtonNotOrdered, ButtonOther, ButtonKeep,
		ButtonUnreadable, ButtonConfirm, ButtonPutBack, ButtonTakeAnyway,
		ButtonLanguages, ButtonBack, ButtonHelp, ButtonCourier, ButtonAccess, ButtonMoreTime, ButtonDone, ButtonCodeAgain, ButtonOpen, ButtonMore, ButtonClient, ButtonSmaller}
	all = append(all, accessButtons()...)
	all = append(all, troubleButtons()...)
	all = append(all, staffButtons()...)
	for _, l := range Languages() {
		all = append(all, l.button())
	}
	for _, s := range models.Sizes() {
		all = append(all, leaveButton(s), buttonOfSize(s))
	}
	return all
}
