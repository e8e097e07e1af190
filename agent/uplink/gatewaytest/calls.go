package gatewaytest

import (
	"crypto/ecdsa"
	"encoding/json"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"cubby/agent/protocol"
	"cubby/agent/protocol/session"
	"cubby/models"
)

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	intercept := g.intercept
	g.mu.Unlock()
	if intercept != nil {
		intercept(w, r, g.mux)
		return
	}
	g.mux.ServeHTTP(w, r)
}

// Refuse answers with a problem.
func Refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(protocol.Problem{Code: models.ErrorCode(err), Detail: models.ErrorMessage(err)}) // who asks may be gone
}

func reply(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) } // who asks may be gone

// identified serves whoever has a cabinet's certificate.
func (g *Gateway) identified(serve func(w http.ResponseWriter, r *http.Request, c *Cabinet)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			Refuse(w, http.StatusUnauthorized, models.Errorf(models.CodeUnauthorized, "no certificate"))
			return
		}
		l, ok := models.LockerOf(r.TLS.PeerCertificates[0])
		if !ok {
			Refuse(w, http.StatusUnauthorized, models.Errorf(models.CodeUnauthorized, "no cabinet's certificate"))
			return
		}
		serve(w, r, g.Cabinet(l))
	}
}

func (g *Gateway) enroll(w http.ResponseWriter, r *http.Request) {
	in, public, err := request(r)
	if err != nil {
		Refuse(w, http.StatusBadRequest, err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.claims[in.Claim]
	if c == nil || c.public != nil && !c.public.Equal(public) {
		Refuse(w, http.StatusUnauthorized, models.Errorf(models.CodeClaimUnknown, "This claim is unknown, used or over."))
		return
	}
	if c.public == nil {
		if c.reply, err = g.identity(c.locker, public); err != nil {
			Refuse(w, http.StatusBadRequest, err)
			return
		}
		c.public = public
	}
	reply(w, c.reply)
}

func (g *Gateway) renew(w http.ResponseWriter, r *http.Request, c *Cabinet) {
	_, public, err := request(r)
	if err != nil {
		Refuse(w, http.StatusBadRequest, err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	id, err := g.identity(c.locker, public)
	if err != nil {
		Refuse(w, http.StatusBadRequest, err)
		return
	}
	reply(w, id)
}

func request(r *http.Request) (in protocol.EnrollRequest, public *ecdsa.PublicKey, err error) {
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return in, nil, models.Wrap(models.CodeInvalid, err, "no request")
	}
	public, _, err = models.CheckCSR(in.CSR)
	return in, public, err
}

// identity is what a key gets. The mutex is held.
func (g *Gateway) identity(l models.LockerID, public *ecdsa.PublicKey) (protocol.EnrollReply, error) {
	leaf, err := g.devices.cabinet(l, public, g.lifetime)
	if err != nil {
		return protocol.EnrollReply{}, err
	}
	point, err := public.Bytes()
	if err != nil {
		return protocol.EnrollReply{}, err
	}
	sealed, err := models.SealCabinetKey(g.cabinet(l).key, l, point)
	if err != nil {
		return protocol.EnrollReply{}, err
	}
	hash, err := models.PublicKeyHash(public)
	if err != nil {
		return protocol.EnrollReply{}, err
	}
	answer := protocol.EnrollReply{
		Locker: l, Certificate: string(encode(leaf)), Signers: []models.SignerKey{g.signer.Public()}, KeyVersion: 1, Sealed: sealed,
	}
	answer.Trust, err = models.SignTrust([]models.Signer{g.signer}, models.Trust{
		Locker: l, PublicKey: hash, Signers: answer.Signers, KeyVersion: 1, Sealed: sealed,
	})
	return answer, err
}

func (g *Gateway) journal(w http.ResponseWriter, r *http.Request, c *Cabinet) {
	var in protocol.JournalRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		Refuse(w, http.StatusBadRequest, models.Wrap(models.CodeInvalid, err, "no facts"))
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	fresh, err := c.head.CheckChain(in.Facts)
	if err != nil {
		Refuse(w, http.StatusConflict, err)
		return
	}
	if n := len(fresh); n > 0 {
		c.facts = append(c.facts, fresh...)
		c.head.Epoch, c.head.Seq, c.head.Hash = fresh[n-1].Epoch, fresh[n-1].Seq, fresh[n-1].Hash
	}
	reply(w, protocol.JournalReply{Epoch: c.head.Epoch, Seq: c.head.Seq})
}

// directory gives one entry a page, so that paging is used.
func (g *Gateway) directory(w http.ResponseWriter, r *http.Request, c *Cabinet) {
	since, err := protocol.ParseCursor(r.URL.Query().Get("since"))
	if err != nil {
		Refuse(w, http.StatusBadRequest, err)
		return
	}
	scope := models.ScopeOfLocker(c.locker)
	g.mu.Lock()
	defer g.mu.Unlock()
	at := min(int(since[scope]), len(c.entries))
	end := min(at+1, len(c.entries))
	reply(w, protocol.DirectoryReply{
		Entries: c.entries[at:end], Cursor: protocol.Cursor{scope: int64(end)}, More: end < len(c.entries),
	})
}

func (g *Gateway) snapshot(w http.ResponseWriter, _ *http.Request, c *Cabinet) {
	g.mu.Lock()
	defer g.mu.Unlock()
	reply(w, protocol.Snapshot{Epoch: c.head.Epoch, Seq: c.head.Seq})
}

func (g *Gateway) request(w http.ResponseWriter, r *http.Request, c *Cabinet) {
	var in protocol.Request
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		Refuse(w, http.StatusBadRequest, models.Wrap(models.CodeInvalid, err, "no request"))
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c.requests = append(c.requests, in)
	if c.replies != nil {
		reply(w, c.replies(in))
		return
	}
	reply(w, protocol.RequestReply{})
}

func (g *Gateway) stream(w http.ResponseWriter, r *http.Request, c *Cabinet) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // it has answered
	}
	defer func() { _ = conn.CloseNow() }() // it is over
	for {
		_, frame, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		m, err := protocol.Decode(frame)
		if err != nil || !g.message(c, conn, m, r) {
			return
		}
	}
}

// message takes one message. The first must be hello.
func (g *Gateway) message(c *Cabinet, conn *websocket.Conn, m protocol.Message, r *http.Request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m.Type != protocol.TypeHello && c.conn != conn {
		return false
	}
	switch m.Type {
	case protocol.TypeHello:
		hello := into[protocol.Hello](m)
		c.hellos, c.conn = append(c.hellos, hello), conn
		c.serials = append(c.serials, models.SerialText(r.TLS.PeerCertificates[0].SerialNumber))
		greeting, err := session.Greet(hello, c.head, time.Now())
		if err != nil {
			c.send(protocol.TypeError, protocol.Problem{Code: models.ErrorCode(err), Detail: models.ErrorMessage(err)})
			return false
		}
		c.send(greeting.Type, greeting.Body)
	case protocol.TypeAsk:
		if c.held {
			break
		}
		ask := into[protocol.Ask](m)
		open := models.OpenInput{Operation: ask.Operation, Kind: ask.Kind, Shipment: ask.Shipment, Cells: ask.Cells}
		c.send(protocol.TypeAnswer, protocol.Answer{Operation: ask.Operation, Verdict: c.verdict})
		c.send(protocol.TypeCommand, protocol.Command{ID: "cmd-" + string(ask.Operation), Open: open})
	case protocol.TypeResult:
		c.results = append(c.results, into[protocol.Result](m))
	case protocol.TypeHeartbeat:
		c.beats++
	case protocol.TypeError:
		c.problems = append(c.problems, into[protocol.Problem](m))
	}
	return true
}

// into decodes a body; what does not decode is the zero value, which a test notices.
func into[T any](m protocol.Message) (v T) {
	_ = m.Into(&v)
	return v
}
