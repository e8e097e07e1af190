package api

import (
	"context"
	"regexp"

	"cubby/models"
)

// ListPolicies lists the newest version of each policy.
func (s *server) ListPolicies(ctx context.Context, request ListPoliciesRequestObject) (ListPoliciesResponseObject, error) {
	p := page(request.Params.Cursor, request.Params.Limit, request.Params.Search)
	policies, err := s.Network.Policies(ctx, p)
	if err != nil {
		return nil, err
	}
	return ListPolicies200JSONResponse{
		Items:      each(policies, policyBody),
		NextCursor: nextCursor(policies, p.Limit, func(p models.Policy) string { return p.Name }),
	}, nil
}

// policyName is what an announcement may call a policy.
var policyName = regexp.MustCompile("^[a-z0-9][a-z0-9_-]{0,63}$")

// PutPolicy makes a policy, or a new version of it.
func (s *server) PutPolicy(ctx context.Context, request PutPolicyRequestObject) (PutPolicyResponseObject, error) {
	b := request.Body
	p := models.Policy{
		Name: request.Id, Storage: models.Seconds(b.Storage), NeverDeposited: models.Seconds(b.NeverDeposited),
		PartialEnough: models.Seconds(b.PartialEnough), Extension: models.Seconds(or(b.Extension, 0)), Extensions: or(b.Extensions, 0),
		WithdrawalOverdue: models.Seconds(or(b.WithdrawalOverdue, 0)), ReturnedAfter: models.Seconds(or(b.ReturnedAfter, 0)),
		ReadyDelay: models.Seconds(b.ReadyDelay), Objection: models.Seconds(b.Objection), Reopen: models.Seconds(b.Reopen),
		Proof: models.Proof(b.Proof), DefaultSize: models.Size(or(b.DefaultSize, "")),
		Codes: alphabetOf(b.Codes), ShareCells: or(b.ShareCells, false),
	}
	for _, r := range or(b.Reminders, nil) {
		p.Reminders = append(p.Reminders, models.Seconds(r))
	}
	for _, k := range or(b.Tell, nil) {
		p.Tell = append(p.Tell, models.NoticeKind(k))
	}
	var f models.Fields
	if !policyName.MatchString(p.Name) {
		return nil, models.Errorf(models.CodeInvalid, "A policy's name is 1 to 64 small letters, digits, - and _.")
	}
	p.Check(&f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	made, err := s.Network.PutPolicy(ctx, callOf(ctx).request(), p)
	if err != nil {
		return nil, err
	}
	return PutPolicy200JSONResponse(policyBody(made)), nil
}

func alphabetOf(c *CodeAlphabet) models.CodeAlphabet {
	if c == nil || *c == Digits {
		return models.CodeDigits
	}
	return models.CodeAlphabet(*c)
}

func policyBody(p models.Policy) Policy {
	b := Policy{
		Name: p.Name, Version: p.Version, Storage: int64(p.Storage), NeverDeposited: int64(p.NeverDeposited),
		PartialEnough: int64(p.PartialEnough), Extension: optional(int64(p.Extension)), Extensions: optional(p.Extensions),
		WithdrawalOverdue: optional(int64(p.WithdrawalOverdue)), ReturnedAfter: optional(int64(p.ReturnedAfter)),
		ReadyDelay: int(p.ReadyDelay), Objection: int(p.Objection), Reopen: int(p.Reopen), Proof: PolicyProof(p.Proof),
		DefaultSize: optional(Size(p.DefaultSize)), Codes: optional(CodeAlphabet(p.Codes)), ShareCells: optional(p.ShareCells),
	}
	if len(p.Reminders) > 0 {
		reminders := each(p.Reminders, func(s models.Seconds) int64 { return int64(s) })
		b.Reminders = &reminders
	}
	if len(p.Tell) > 0 {
		tell := each(p.Tell, func(k models.NoticeKind) PolicyTell { return PolicyTell(k) })
		b.Tell = &tell
	}
	return b
}
