package gateway

import (
	"context"
	"net/http"
	"time"

	"cubby/agent/protocol"
	"cubby/api/limit"
	"cubby/models"
)

const (
	maxRequest = 4 << 10
	maxLabel   = 300
	maxAskedID = 64
)

// requestLimits bound what a cabinet may ask for, each kind by itself.
func requestLimits() map[protocol.RequestKind]*limit.Each {
	limits := map[protocol.RequestKind]*limit.Each{}
	for _, k := range []protocol.RequestKind{protocol.ResendCode, protocol.Lookup, protocol.Nearby, protocol.SendThere, protocol.CallBack} {
		n := float64(k.RequestsAnHour())
		limits[k] = limit.NewEach(limit.Rate{Burst: n, PerSecond: n / time.Hour.Seconds()})
	}
	return limits
}

// request does what a person at a screen asks for. Of a code that is sent again the answer tells
// nothing; what a courier asks is answered within what the courier may know.
func (g *Gateway) request(w http.ResponseWriter, r *http.Request, p Peer) error {
	var in protocol.Request
	if err := g.readJSON(w, r, maxRequest, &in); err != nil {
		return err
	}
	limit := g.requests[in.Kind]
	if limit == nil {
		return models.Errorf(models.CodeInvalid, "There is no request %.40q.", string(in.Kind))
	}
	if labelled := in.Kind == protocol.ResendCode || in.Kind == protocol.Lookup; labelled && in.Label == "" || len(in.Label) > maxLabel {
		return models.Errorf(models.CodeInvalid, "A label has 1 to %d characters.", maxLabel)
	}
	if len(in.ID) > maxAskedID || len(in.Session) > maxAskedID {
		return models.Errorf(models.CodeInvalid, "An id has at most %d characters.", maxAskedID)
	}
	if !limit.Take(string(p.Locker), 1, g.Now()) {
		if in.Kind == protocol.ResendCode {
			return writeJSON(w, protocol.RequestReply{})
		}
		return writeJSON(w, protocol.RequestReply{Verdict: protocol.RequestRefused})
	}
	reply, err := g.asked(r.Context(), p.Locker, in)
	if err != nil {
		return err
	}
	return writeJSON(w, reply)
}

func (g *Gateway) asked(ctx context.Context, l models.LockerID, in protocol.Request) (reply protocol.RequestReply, err error) {
	switch in.Kind {
	case protocol.ResendCode:
		return reply, g.Cabinets.ResendCode(ctx, l, in.Label)
	case protocol.Lookup:
		found, err := g.Cabinets.LookUp(ctx, l, in.Courier, in.Label)
		switch {
		case found.Here:
			reply.Verdict = protocol.RequestHere
		case found.Place != "":
			reply = protocol.RequestReply{Verdict: protocol.RequestElsewhere, Place: found.Place}
		default:
			reply.Verdict = protocol.RequestUnknown
		}
		return declined(reply, err)
	case protocol.Nearby:
		reply.Lockers, err = g.Cabinets.NearbyFor(ctx, l, in.Courier, in.Shipment)
		return declined(reply, err)
	case protocol.SendThere:
		return declined(protocol.RequestReply{Verdict: protocol.RequestDone}, g.sendThere(ctx, l, in))
	case protocol.CallBack:
		reply.Verdict = protocol.RequestDone
		return declined(reply, g.Cabinets.CallBack(ctx, l, in.Shipment, in.Session))
	}
	return reply, models.Errorf(models.CodeInvalid, "There is no request %.40q.", string(in.Kind))
}

// sendThere has a shipment go to another locker, in the name of the courier who stands before this
// one. The same request is the same re-route.
func (g *Gateway) sendThere(ctx context.Context, l models.LockerID, in protocol.Request) error {
	if !g.Engine.Up() {
		return models.Errorf(models.CodeUnavailable, "Nothing can be sent elsewhere just now.")
	}
	if err := g.Cabinets.SendThere(ctx, l, in.Courier, in.Shipment, in.To); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, protocol.RequestTimeout)
	defer cancel()
	_, err := g.Engine.Reroute(ctx, in.Shipment, models.RerouteInput{Request: string(l) + "-" + in.ID, To: in.To})
	return err
}

// declined answers what may not be, and leaves to the caller what could not be done now.
func declined(reply protocol.RequestReply, err error) (protocol.RequestReply, error) {
	switch models.ErrorCode(err) {
	case "":
		return reply, nil
	case models.CodeUnavailable, models.CodeInternal:
		return protocol.RequestReply{}, err
	}
	return protocol.RequestReply{Verdict: protocol.RequestRefused}, nil
}
