// Package mutant names the bugs that the simulator has to find, and one that only a power
// cut under the true program shows. Product code asks On at the place of each. A build
// without the tag "mutants" compiles the question away; the simulation's own test binary,
// built with it, switches one on at a time, and so does the cabinet's program.
package mutant

// Mutant is one planted bug.
type Mutant string

// The planted bugs.
const (
	NoFsync             Mutant = "no_fsync"
	ResultBeforeIntent  Mutant = "result_before_intent"
	PulseBeforeCommit   Mutant = "pulse_before_commit"
	LedgerLost          Mutant = "ledger_lost"
	FreeOnAck           Mutant = "free_on_ack"
	OfferDoubtful       Mutant = "offer_doubtful"
	OldGeneration       Mutant = "old_generation"
	ReusedNonce         Mutant = "reused_nonce"
	WallExpiry          Mutant = "wall_expiry"
	AckBeforeCommit     Mutant = "ack_before_commit"
	PruneUnacknowledged Mutant = "prune_unacknowledged"
	SameSeqAfterRestore Mutant = "same_seq_after_restore"
	DeletionFrees       Mutant = "deletion_frees"
	StaleEntryWins      Mutant = "stale_entry_wins"
	LateCommand         Mutant = "late_command"
	BothPathsPulse      Mutant = "both_paths_pulse"
	AttemptsReset       Mutant = "attempts_reset"
	TwoDoorsOverLimit   Mutant = "two_doors_over_limit"
	WrongCellOnRetry    Mutant = "wrong_cell_on_retry"
	CodeAfterWindow     Mutant = "code_after_window"
	SpendPromise        Mutant = "spend_promise"
	OldQR               Mutant = "old_qr"
	BatteryIgnored      Mutant = "battery_ignored"
	LowBatteryOpens     Mutant = "low_battery_opens"
	TwoDoorsOfACell     Mutant = "two_doors_of_a_cell"
	WrongSide           Mutant = "wrong_side"
	WarmCell            Mutant = "warm_cell"
	ChilledIntoAmbient  Mutant = "chilled_into_ambient"
	SensorIgnored       Mutant = "sensor_ignored"
	OfferSensedFull     Mutant = "offer_sensed_full"
	SessionResetOpen    Mutant = "session_reset_open"
	OpenGivenUp         Mutant = "open_given_up"
	NextOpensEarly      Mutant = "next_opens_early"
	GateUnsigned        Mutant = "gate_unsigned"
	EasyReachIgnored    Mutant = "easy_reach_ignored"
	LeftOpenUntold      Mutant = "left_open_untold"
	SirenBeginsAnew     Mutant = "siren_begins_anew"
	TamperUntold        Mutant = "tamper_untold"
	TamperNeverOver     Mutant = "tamper_never_over"
	ShareDoubtful       Mutant = "share_doubtful"
	AnswerToAnyPage     Mutant = "answer_to_any_page"
)

// UnsyncedCommit has the store not wait for the disk. The simulator has a disk of its own
// and cannot see it.
const UnsyncedCommit Mutant = "unsynced_commit"

// All lists those of the simulator.
func All() []Mutant {
	return []Mutant{NoFsync, ResultBeforeIntent, PulseBeforeCommit, LedgerLost, FreeOnAck, OfferDoubtful, OldGeneration,
		ReusedNonce, WallExpiry, AckBeforeCommit, PruneUnacknowledged, SameSeqAfterRestore, DeletionFrees, StaleEntryWins,
		LateCommand, BothPathsPulse, AttemptsReset, TwoDoorsOverLimit, WrongCellOnRetry, CodeAfterWindow, SpendPromise, OldQR,
		BatteryIgnored, LowBatteryOpens, TwoDoorsOfACell, WrongSide, WarmCell, ChilledIntoAmbient, SensorIgnored,
		OfferSensedFull, SessionResetOpen, OpenGivenUp, NextOpensEarly, GateUnsigned, EasyReachIgnored, LeftOpenUntold,
		SirenBeginsAnew, TamperUntold, TamperNeverOver, ShareDoubtful, AnswerToAnyPage}
}
