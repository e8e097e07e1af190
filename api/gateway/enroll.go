package gateway

import (
	"context"
	"net/http"

	"cubby/agent/protocol"
	"cubby/api/limit"
	"cubby/models"
)

const maxEnroll = 16 << 10

// enroll gives a computer its certificate and the cabinet's key for a claim. What is
// refused here never gets to the engine, so a flood of guesses costs the workers nothing.
func (g *Gateway) enroll(w http.ResponseWriter, r *http.Request) error {
	address, now := limit.Address(r), g.Now()
	if !g.enrolEach.Take(address, 1, now) || !g.enrolAll.Take("", 1, now) {
		return models.Errorf(models.CodeTooMany, "Too many enrolments. Please try again later.")
	}
	var in protocol.EnrollRequest
	if err := g.readJSON(w, r, maxEnroll, &in); err != nil {
		return err
	}
	hash, ok := models.HashClaim(in.Claim)
	if !ok {
		return models.Errorf(models.CodeClaimUnknown, "This is no claim: it has 26 letters and digits.")
	}
	_, key, err := models.CheckCSR(in.CSR)
	if err != nil {
		return err
	}
	if err := g.Cabinets.CheckEnrolment(r.Context(), models.EnrolmentAsk{ClaimHash: hash, KeyHash: key, Address: address}); err != nil {
		if models.ErrorCode(err) == models.CodeEnrolmentPending {
			// It has a claim, and asks until somebody has decided.
			g.enrolEach.Refund(address, 1)
			g.enrolAll.Refund("", 1)
		}
		return err
	}
	if err := g.certify(r.Context(), w, "computer enrolled", models.EnrollInput{ClaimHash: hash, CSR: in.CSR}); err != nil {
		return err
	}
	// Those who have a claim are limited by it: many cabinets may share an address.
	g.enrolEach.Refund(address, 1)
	g.enrolAll.Refund("", 1)
	return nil
}

// renew gives a cabinet a certificate for a new key. The one that it comes with may have
// ended: a cabinet may stand dark for a winter.
func (g *Gateway) renew(w http.ResponseWriter, r *http.Request, p Peer) error {
	if !g.renewals.Take(string(p.Locker), 1, g.Now()) {
		return models.Errorf(models.CodeTooMany, "Too many renewals. Please try again later.")
	}
	var in protocol.EnrollRequest
	if err := g.readJSON(w, r, maxEnroll, &in); err != nil {
		return err
	}
	_, key, err := models.CheckCSR(in.CSR)
	if err != nil {
		return err
	}
	if !p.NotAfter.After(g.Now()) {
		ask := models.EnrolmentAsk{Locker: p.Locker, Serial: p.Serial, KeyHash: key, Address: limit.Address(r)}
		if err := g.Cabinets.CheckEnrolment(r.Context(), ask); err != nil {
			return err
		}
	}
	return g.certify(r.Context(), w, "certificate renewed", models.EnrollInput{Locker: p.Locker, Serial: p.Serial, CSR: in.CSR})
}

func (g *Gateway) certify(ctx context.Context, w http.ResponseWriter, done string, in models.EnrollInput) error {
	res, err := g.Engine.Enroll(ctx, in)
	if err != nil {
		return err
	}
	g.Logger.Info(done, "locker", res.Locker)
	return writeJSON(w, protocol.EnrollReply(res))
}
