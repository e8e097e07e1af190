package activities

import (
	"context"

	"cubby/models"
)

// Lives is what the activities of a shipment need of the store.
type Lives interface {
	// LoadLife returns the stored end of an earlier life, or a fresh one made from the
	// shipment, its parcels and its policy; not_found when there is no such shipment.
	LoadLife(ctx context.Context, id models.ShipmentID) (models.Life, error)
	// NextIssue sets an issue of the shipment's pickup code above after, if it has none, under
	// the locker's row lock, and tells the cabinet. choose gets the other open shipments of
	// the locker that have an issue, and returns the issue to set. It returns the issue by now.
	NextIssue(ctx context.Context, id models.ShipmentID, after int, choose func(of models.Shipment, open []models.Shipment) (int, error)) (int, error)
	// KeepRoom has another locker keep room for a shipment's parcels; no_capacity,
	// locker_not_accepting or unknown_locker when it cannot.
	KeepRoom(ctx context.Context, id models.ShipmentID, to models.LockerID) error
	// MoveShipment makes a shipment that of another locker, with an issue of the code above
	// after, chosen as in NextIssue, and tells both cabinets. It returns the issue by now.
	MoveShipment(ctx context.Context, id models.ShipmentID, to models.LockerID, after int, choose func(moved models.Shipment, open []models.Shipment) (int, error)) (int, error)
	// Project writes a projection, and its withdrawal, signed by sign, if it has one; a
	// projection whose Rev is not above the row's changes nothing. It returns the ids of the
	// messages to send, also when it changed nothing, and the end of storage if it has a clock.
	Project(ctx context.Context, p models.Projection, sign func(models.Grant) models.SignedGrant) (models.ProjectResult, error)
	// OpenPage makes the page of a shipment's client, if there is none yet. hash is that of its
	// token.
	OpenPage(ctx context.Context, id models.ShipmentID, hash func(models.Shipment) (string, error)) error
	// StorageClock reckons the end of a shipment's storage, with the outages of its locker, and
	// says whether all that its cabinet knew a minute ago has reached the life.
	StorageClock(ctx context.Context, in models.ClockInput) (models.ClockResult, error)
}

// ClosedLockers is what emptying a closed locker needs of the store.
type ClosedLockers interface {
	// CloseRound asks the lives of what lies there to leave, if the locker is to be emptied, and
	// decommissions it when it is empty and expects nothing. over: nothing is left to do.
	CloseRound(ctx context.Context, id models.LockerID) (over bool, err error)
}

// Couriers is what telling cabinets of couriers, and of orders about cells, needs of the store.
type Couriers interface {
	// PublishCourier tells the courier's cabinets of him as he is now, signed by sign, unless
	// they were told of that revision already; not_found when there is no such courier.
	PublishCourier(ctx context.Context, id models.CourierID, sign func(models.Grant) models.SignedGrant) error
	// PublishCellOrder tells a cabinet what is wanted of its cell now, signed by sign, unless it
	// was told of that revision already; not_found when nothing is wanted of the cell.
	PublishCellOrder(ctx context.Context, l models.LockerID, cell int, sign func(models.Grant) models.SignedGrant) error
}

// Notices is what sending needs of the store.
type Notices interface {
	// Notice returns a notification with what its template needs; not_found if erased.
	Notice(ctx context.Context, id models.NotificationID) (models.Notice, error)
	// Sending marks it as leaving now, uncertain if an earlier attempt may have left. attempts
	// is how many there were: conflict when another one has begun or it is sent. mark is by
	// which an SMS is found again.
	Sending(ctx context.Context, id models.NotificationID, attempts int, mark string) error
	// Uncertain records that nobody knows whether an attempt has left, unless it is known by now.
	Uncertain(ctx context.Context, id models.NotificationID, attempt int) error
	// Sent records that the other side took it, under its own name of it.
	Sent(ctx context.Context, id models.NotificationID, ref string) error
	// NotSent records a failure: queued again, or failed for good. Then instead is the message
	// by another channel that is to be sent in its place, if there is one.
	NotSent(ctx context.Context, id models.NotificationID, r models.Refusal) (again bool, instead models.NotificationID, err error)
	// Sandboxed records that it was made and does not leave, since its shipment is a test.
	Sandboxed(ctx context.Context, id models.NotificationID) error
	// Drop records that it is not sent, since nobody needs it any more.
	Drop(ctx context.Context, id models.NotificationID) error
	// OptedOut reports whether a phone, hashed, wants no SMS.
	OptedOut(ctx context.Context, phone string) (bool, error)
	// OptOut records that a phone, hashed, wants no SMS, or wants them again.
	OptOut(ctx context.Context, phone string, out bool) error
}

// Housekeeping removes what is past its retention.
type Housekeeping interface {
	// Prune removes up to limit rows of what is past its retention and returns how many
	// rows it removed.
	Prune(ctx context.Context, limit int) (int, error)
	// TellScreens goes on telling cabinets of the network's screen where a call that changed it
	// did not come to its end.
	TellScreens(ctx context.Context) error
}

// IncidentStore is what telling of incidents needs of the store.
type IncidentStore interface {
	// IncidentNotices makes the messages that tell the operators of an incident, once, and
	// returns their ids.
	IncidentNotices(ctx context.Context, id models.IncidentID) ([]models.NotificationID, error)
}
