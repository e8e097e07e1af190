package api

import (
	"context"
	"fmt"

	"cubby/models"
)

// ListFacts lists what a locker's cabinet told.
func (s *server) ListFacts(ctx context.Context, request ListFactsRequestObject) (ListFactsResponseObject, error) {
	if err := known(models.PrefixLocker, request.Id, "locker"); err != nil {
		return nil, err
	}
	q := models.FactQuery{Limit: or(request.Params.Limit, defaultLimit)}
	if c := request.Params.Cursor; c != nil {
		if _, err := fmt.Sscanf(*c, "%d-%d", &q.BeforeEpoch, &q.BeforeSeq); err != nil {
			return nil, models.Wrap(models.CodeInvalid, err, "The cursor is not one of an earlier page.")
		}
	}
	facts, err := s.Lockers.Facts(ctx, models.LockerID(request.Id), q)
	if err != nil {
		return nil, err
	}
	return ListFacts200JSONResponse{
		Items:      each(facts, factBody),
		NextCursor: nextCursor(facts, q.Limit, func(f models.StoredFact) string { return fmt.Sprintf("%d-%d", f.Epoch, f.Seq) }),
	}, nil
}

// factBody shows what can be read of a fact: one that is quarantined may hold anything.
func factBody(f models.StoredFact) Fact {
	b := Fact{
		Epoch: f.Epoch, Seq: f.Seq, Type: string(f.Type), At: f.Body.At(), Clock: string(f.Body.Clock), ReceivedAt: f.ReceivedAt,
		Operation: optional(string(f.Operation)), Cell: optional(f.Body.Cell), Generation: optional(f.Body.Generation),
		Quarantined: optional(f.Quarantined),
	}
	d, err := f.Body.Payload()
	if err != nil {
		return b
	}
	b.Shipment, b.Parcel, b.Courier = optional(string(d.Shipment)), optional(string(d.Parcel)), optional(string(d.Courier))
	b.Attempt, b.Reason, b.Label, b.Board = optional(d.Attempt), optional(d.Reason), optional(d.Label), optional(d.Board)
	if d.After != nil {
		b.State, b.Doubtful = optional(string(d.After.State)), &d.After.Doubtful
	}
	return b
}
