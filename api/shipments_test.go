package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cubby/api"
	"cubby/models"
)

func post(name, role, change string, status int, contains ...string) scenario {
	return scenario{name: name, role: role, method: "POST", url: "/api/v1/shipments", body: announcement(change), status: status, contains: contains}
}

func TestCreateShipment(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	fifty := "[" + strings.Repeat(`{},`, 50) + "{}]"
	ok := func(name, role, change string) scenario {
		return post(name, role, change, 201, `"id":"`+string(shipID)+`"`)
	}
	bad := func(change, pointer string) scenario {
		return post(pointer+" "+change[:min(len(change), 60)], "carrier", change, 400, `"code":"invalid_request"`, `"pointer":"`+pointer+`"`)
	}
	scenarios := []scenario{
		ok("least", "carrier", ""),
		ok("carrier names itself", "carrier", `{"carrier":"`+string(carrierA)+`"}`),
		ok("carrier names a shop", "carrier", `{"shop":"`+string(shopS)+`"}`),
		ok("shop names its carrier", "shop", `{"carrier":"`+string(carrierA)+`"}`),
		ok("operator names both", "operator", `{"carrier":"`+string(carrierA)+`","shop":"`+string(shopS)+`"}`),
		ok("carrier tells its client", "carrier", `{"contact":null,"notify_by":"carrier"}`),
		ok("phone alone", "carrier", `{"contact":{"phone":"+4930123456"}}`),
		ok("nothing due", "carrier", `{"payment_due":{"amount":0,"currency":"EUR"}}`),
		ok("whole number with a fraction of 0", "carrier", `{"parcels":[{"weight_g":1.2e3}]}`),
		ok("everything", "carrier", `{"policy":"express","language":"ru","expected_at":"2026-03-02T10:00:00+03:00","contact":{"name":"Имя Ф.","phone":"+4930123456","email":"a@example.com"},`+
			`"parcels":[{"barcode":"ABCD","size":"XL","regime":"frozen","width_mm":1,"height_mm":2,"depth_mm":3,"weight_g":4},{}]}`),

		ok("room in any case", "carrier", `{"guarantee":"best_effort"}`),
		ok("easy to reach", "carrier", `{"easy_reach":true}`),
		post("no payment yet", "carrier", `{"payment_due":{"amount":1,"currency":"EUR"}}`, 422, `"code":"payment_not_available"`),
		post("host", "host", "", 403, `"code":"forbidden"`),
		post("no scope", "none", "", 403, `"code":"forbidden"`),
		post("shop without carrier", "shop", "", 400, `"pointer":"/carrier"`),
		post("operator without carrier", "operator", "", 400, `"pointer":"/carrier"`),
		post("shop for another shop", "shop", `{"carrier":"`+string(carrierA)+`","shop":"`+string(carrierB)+`"}`, 400, `"pointer":"/shop"`),

		bad(`{"carrier":"`+string(carrierB)+`"}`, "/carrier"),
		bad(`{"carrier":"org_x"}`, "/carrier"),
		bad(`{"guarantee":"maybe"}`, "/guarantee"),
		bad(`{"easy_reach":"yes"}`, "/easy_reach"),
		bad(`{"shop":7}`, "/shop"),
		bad(`{"number":null}`, "/number"),
		bad(`{"number":""}`, "/number"),
		bad(`{"number":" A"}`, "/number"),
		bad(`{"number":"A\u0000"}`, "/number"),
		bad(`{"number":"`+long+`"}`, "/number"),
		bad(`{"number":1}`, "/number"),
		bad(`{"locker":null}`, "/locker"),
		bad(`{"locker":""}`, "/locker"),
		bad(`{"locker":" A-77"}`, "/locker"),
		bad(`{"locker":["x"]}`, "/locker"),
		bad(`{"policy":"No Such"}`, "/policy"),
		bad(`{"notify_by":"pigeon"}`, "/notify_by"),
		bad(`{"language":"xx"}`, "/language"),
		bad(`{"expected_at":"tomorrow"}`, "/expected_at"),
		bad(`{"expected_at":"2026-02-30T00:00:00Z"}`, "/expected_at"),
		bad(`{"expected_at":"2020-01-01T00:00:00Z"}`, "/expected_at"),
		bad(`{"expected_at":"2999-01-01T00:00:00Z"}`, "/expected_at"),
		bad(`{"expected_at":"0000-01-01T00:00:00+23:59"}`, "/expected_at"),
		bad(`{"payment_due":{"amount":-1,"currency":"EUR"}}`, "/payment_due/amount"),
		bad(`{"payment_due":{"amount":1e300,"currency":"EUR"}}`, "/payment_due/amount"),
		bad(`{"payment_due":{"amount":1}}`, "/payment_due/currency"),
		bad(`{"payment_due":{"amount":0,"currency":"euro"}}`, "/payment_due/currency"),
		bad(`{"contact":null}`, "/contact"),
		bad(`{"contact":{}}`, "/contact"),
		bad(`{"contact":"x"}`, "/contact"),
		bad(`{"contact":{"name":"`+long+`","email":"a@example.com"}}`, "/contact/name"),
		bad(`{"contact":{"name":"a\nb","email":"a@example.com"}}`, "/contact/name"),
		bad(`{"contact":{"phone":"030 123"}}`, "/contact/phone"),
		bad(`{"contact":{"phone":"+0123456789"}}`, "/contact/phone"),
		bad(`{"contact":{"email":"Name <a@example.com>"}}`, "/contact/email"),
		bad(`{"contact":{"email":"a@example.com\r\nBcc: b@example.com"}}`, "/contact/email"),
		bad(`{"contact":{"email":"nobody"}}`, "/contact/email"),
		bad(`{"contact":{"email":"`+long+`@example.com"}}`, "/contact/email"),
		bad(`{"contact":{"fax":"1","email":"a@example.com"}}`, "/contact/fax"),
		bad(`{"parcels":null}`, "/parcels"),
		bad(`{"parcels":[]}`, "/parcels"),
		bad(`{"parcels":{}}`, "/parcels"),
		bad(`{"parcels":[null]}`, "/parcels/0"),
		bad(`{"parcels":`+fifty+`}`, "/parcels"),
		bad(`{"parcels":[{"barcode":"123"}]}`, "/parcels/0/barcode"),
		bad(`{"parcels":[{"barcode":"`+long+`"}]}`, "/parcels/0/barcode"),
		bad(`{"parcels":[{"barcode":"12 34"}]}`, "/parcels/0/barcode"),
		bad(`{"parcels":[{"barcode":"cubby:CELL:1"}]}`, "/parcels/0/barcode"),
		bad(`{"parcels":[{"barcode":"ABCD"},{},{"barcode":"ABCD"}]}`, "/parcels/2/barcode"),
		bad(`{"parcels":[{"size":"XXL"}]}`, "/parcels/0/size"),
		bad(`{"parcels":[{"regime":"hot"}]}`, "/parcels/0/regime"),
		bad(`{"parcels":[{"width_mm":1}]}`, "/parcels/0"),
		bad(`{"parcels":[{"width_mm":0,"height_mm":1,"depth_mm":1}]}`, "/parcels/0/width_mm"),
		bad(`{"parcels":[{"width_mm":1,"height_mm":5001,"depth_mm":1}]}`, "/parcels/0/height_mm"),
		bad(`{"parcels":[{"width_mm":1,"height_mm":1,"depth_mm":1.5}]}`, "/parcels/0/depth_mm"),
		bad(`{"parcels":[{"weight_g":-1}]}`, "/parcels/0/weight_g"),
		bad(`{"parcels":[{"weight_g":"1"}]}`, "/parcels/0/weight_g"),
		bad(`{"parcels":[{"weight_g":1000001}]}`, "/parcels/0/weight_g"),
		bad(`{"parcels":[{"colour":"red"}]}`, "/parcels/0/colour"),
		bad(`{"Number":"A"}`, "/Number"),
		bad(`{"a/b~c":1}`, "/a~1b~0c"),
		bad(`{"number":"","locker":"x ","parcels":[{"size":"Q"}]}`, "/parcels/0/size"),
	}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := &ports{}
			w := s.run(t, handler(p, nil, nil))
			if s.status != 201 {
				require.Empty(t, p.created)
				return
			}
			require.Equal(t, "/api/v1/shipments/"+string(shipID), w.Header().Get("Location"))
			require.Len(t, p.created, 1)
			require.Equal(t, carrierA, p.created[0].Carrier)
			require.Equal(t, "k1", p.created[0].IdempotencyKey)
			want := models.GuaranteeRequired
			if strings.Contains(s.body, "best_effort") {
				want = models.GuaranteeBestEffort
			}
			require.Equal(t, want, p.created[0].Guarantee)
			require.Equal(t, strings.Contains(s.body, `"easy_reach":true`), p.created[0].EasyReach)
			require.Len(t, p.created[0].Fingerprint, 64)
			require.NotEmpty(t, p.created[0].Request.ID)
		})
	}
}

// All wrong fields are told at once.
func TestAllFieldsAreTold(t *testing.T) {
	t.Parallel()
	s := post("", "carrier", `{"number":"","locker":" x","language":"xx","extra":1,"parcels":[{"size":"Q","weight_g":0}]}`, 400,
		"/number", "/locker", "/language", "/extra", "/parcels/0/size", "/parcels/0/weight_g")
	s.run(t, handler(&ports{}, nil, nil))
}

func TestMalformedBodies(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 200_000)
	for name, body := range map[string]string{
		"empty object cut": `{`, "two documents": `{}{}`, "text": `hello`, "null": `null`, "list": `[]`, "deep": deep,
		"deep and whole": strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"huge number":    `{"number":1e999}`, "not UTF-8": "{\"number\":\"\xff\"}", "NUL": "\x00", "NUL in a name": `{"\u0000":1}`,
		"long name": `{"` + strings.Repeat("n", 100_000) + `":1}`,
		"many":      `{` + strings.TrimSuffix(strings.Repeat(`"a":1,`, 10_000), ",") + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scenario{role: "carrier", method: "POST", url: "/api/v1/shipments", body: body, status: 400, contains: []string{`"code":"invalid_request"`}}
			w := s.run(t, handler(&ports{}, nil, nil))
			require.Less(t, w.Body.Len(), 20_000)
		})
	}
	// Given twice, a name has one value, and it is the one that was checked.
	p := &ports{}
	twice := strings.Replace(announcement(""), `"contact":{`, `"contact":{"phone":"bad"},"contact":{`, 1)
	scenario{role: "carrier", method: "POST", url: "/api/v1/shipments", body: twice, status: 201}.run(t, handler(p, nil, nil))
	require.Empty(t, p.created[0].Contact.Phone)
	require.Equal(t, "client@example.com", p.created[0].Contact.Email)
}

func TestBodyHeaders(t *testing.T) {
	t.Parallel()
	withHeaders := func(name string, status int, must string, headers map[string]string) scenario {
		s := post(name, "carrier", "", status, must)
		s.headers = headers
		return s
	}
	big := post("10 MB", "carrier", "", 413, `"code":"body_too_large"`)
	big.body = strings.Repeat(" ", 10<<20)
	for _, s := range []scenario{
		big,
		withHeaders("text", 415, `"code":"unsupported_media_type"`, map[string]string{"Content-Type": "text/plain"}),
		withHeaders("no type", 415, `"code":"unsupported_media_type"`, map[string]string{"Content-Type": ""}),
		withHeaders("form", 415, `"code":"unsupported_media_type"`, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}),
		withHeaders("another charset", 415, `"code":"unsupported_media_type"`, map[string]string{"Content-Type": "application/json; charset=utf-16"}),
		withHeaders("compressed", 415, `"code":"unsupported_media_type"`, map[string]string{"Content-Encoding": "gzip"}),
		withHeaders("charset", 201, `"id"`, map[string]string{"Content-Type": "application/json; charset=utf-8"}),
		withHeaders("no idempotency key", 400, `"code":"idempotency_key_required"`, map[string]string{"Idempotency-Key": ""}),
		withHeaders("blank idempotency key", 400, `"code":"idempotency_key_required"`, map[string]string{"Idempotency-Key": " "}),
		withHeaders("long idempotency key", 400, `header/Idempotency-Key`, map[string]string{"Idempotency-Key": strings.Repeat("k", 256)}),
		withHeaders("unfinished quotes", 400, `header/Idempotency-Key`, map[string]string{"Idempotency-Key": `"abc`}),
		withHeaders("empty quotes", 400, `header/Idempotency-Key`, map[string]string{"Idempotency-Key": `""`}),
		withHeaders("not ASCII", 400, `header/Idempotency-Key`, map[string]string{"Idempotency-Key": "ключ"}),
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, handler(&ports{}, nil, nil))
		})
	}
	for spelled, key := range map[string]string{`"a b"`: "a b", `a-b`: "a-b", `"a\"\\b"`: `a"\b`} {
		p := &ports{}
		withHeaders("", 201, "", map[string]string{"Idempotency-Key": spelled}).run(t, handler(p, nil, nil))
		require.Equal(t, key, p.created[0].IdempotencyKey)
	}
}

func TestStoreRefusals(t *testing.T) {
	t.Parallel()
	for code, status := range map[models.Code]int{
		models.CodeNoCapacity: 409, models.CodeNoEasyReach: 409, models.CodeNumberUsed: 409, models.CodeBarcodeUsed: 409, models.CodeLockerClosed: 409,
		models.CodeUnknownLocker: 422, models.CodeKeyReused: 422, models.CodeUnavailable: 503, "surprise": 500,
	} {
		p := &ports{create: func(context.Context, models.NewShipment) (models.ShipmentView, bool, error) {
			return models.ShipmentView{}, false, &models.Error{Code: code, Message: "because", Details: map[string]any{"nearby": []models.NearbyLocker{{Number: "L-002"}}}}
		}}
		want := string(code)
		if status == 500 {
			want = "internal"
		}
		post("", "carrier", "", status, `"code":"`+want+`"`, `"number":"L-002"`).run(t, handler(p, nil, nil))
	}
}

func TestSameKeyWhileRunning(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	p := &ports{create: func(_ context.Context, n models.NewShipment) (models.ShipmentView, bool, error) {
		if n.Carrier == carrierA && n.Number == "A-1" {
			entered <- struct{}{}
			<-release
		}
		return view(), false, nil
	}}
	h := handler(p, nil, nil)
	var wait sync.WaitGroup
	wait.Go(func() { h.ServeHTTP(httptest.NewRecorder(), post("", "carrier", "", 201).request()) })
	<-entered
	w := post("", "carrier", `{"number":"A-2"}`, 409, `"code":"request_in_progress"`).run(t, h)
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	post("another organization's key is another key", "carrierB", "", 201).run(t, h)
	close(release)
	wait.Wait()
	post("", "carrier", `{"number":"A-2"}`, 201).run(t, h)
}

// 1,000 requests at once: each is served or told to come back.
func TestFlood(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	p := &ports{create: func(ctx context.Context, _ models.NewShipment) (models.ShipmentView, bool, error) {
		<-release
		return view(), false, ctx.Err()
	}}
	h := handler(p, nil, func(c *api.Config) { c.MaxInFlight, c.MaxWait = 16, 10*time.Millisecond })
	codes := make(chan int, 1000)
	var wait sync.WaitGroup
	for i := range 1000 {
		wait.Go(func() {
			r := post("", "carrier", "", 0).request()
			r.Header.Set("Idempotency-Key", strconv.Itoa(i))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			codes <- w.Code
		})
	}
	count := map[int]int{}
	for range 1000 - 16 {
		count[<-codes]++
	}
	close(release)
	wait.Wait()
	for range 16 {
		count[<-codes]++
	}
	require.Equal(t, map[int]int{201: 16, 503: 984}, count)
}

func TestCarrierEvents(t *testing.T) {
	t.Parallel()
	url := "/api/v1/shipments/" + string(shipID) + "/carrier-events"
	for _, s := range []scenario{
		{name: "carrier", role: "carrier", body: `{"type":"in_transit","at":"2026-03-01T11:00:00Z"}`, status: 200, contains: []string{`"id":"` + string(shipID), `"state":"created"`}},
		{name: "operator", role: "operator", body: `{"type":"accepted"}`, status: 200},
		{name: "shop", role: "shop", body: `{"type":"accepted"}`, status: 403},
		{name: "another carrier", role: "carrierB", body: `{"type":"accepted"}`, status: 404},
		{name: "type", role: "carrier", body: `{"type":"vanished"}`, status: 400, contains: []string{`"/type"`}},
		{name: "future", role: "carrier", body: `{"type":"accepted","at":"2026-03-01T12:10:00Z"}`, status: 400, contains: []string{`"/at"`}},
		{name: "long ago", role: "carrier", body: `{"type":"accepted","at":"2025-03-01T12:10:00Z"}`, status: 400, contains: []string{`"/at"`}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.method, s.url = http.MethodPost, url
			p := &ports{}
			s.run(t, handler(p, nil, nil))
			require.Equal(t, s.status == 200, len(p.audited) == 1)
		})
	}
	down := &ports{carrier: func(in models.CarrierEventInput) (models.ActionResult, error) {
		require.Equal(t, models.CarrierEventInput{Type: models.EventAccepted, At: testNow, Undated: true}, in)
		return models.ActionResult{}, models.Errorf(models.CodeUnavailable, "later")
	}}
	dated := &ports{carrier: func(in models.CarrierEventInput) (models.ActionResult, error) {
		require.Equal(t, models.CarrierEventInput{Type: models.EventDelayed, At: testNow.Add(-time.Hour)}, in)
		return models.ActionResult{}, nil
	}}
	scenario{role: "carrier", method: "POST", url: url, body: `{"type":"delayed","at":"2026-03-01T11:00:00Z"}`, status: 200}.run(t, handler(dated, nil, nil))
	scenario{role: "carrier", method: "POST", url: url, body: `{"type":"accepted"}`, status: 503}.run(t, handler(down, nil, nil))
	refused := &ports{carrier: func(models.CarrierEventInput) (models.ActionResult, error) {
		return models.ActionResult{}, models.Errorf(models.CodeInvalidState, "The shipment is not lost.")
	}}
	scenario{role: "carrier", method: "POST", url: url, body: `{"type":"lost"}`, status: 409,
		contains: []string{`"state":"created"`, `"allowed_actions":["cancel",`}}.run(t, handler(refused, nil, nil))
	// Its life is over: a late word changes nothing, and one that contradicts it is refused.
	over := &ports{state: models.StateReturned, carrier: func(models.CarrierEventInput) (models.ActionResult, error) {
		return models.ActionResult{}, models.Errorf(models.CodeNotFound, "this life is not running")
	}}
	for word, status := range map[string]int{"accepted": 200, "delayed": 200, "returned": 200, "lost": 409} {
		scenario{role: "carrier", method: "POST", url: url, body: `{"type":"` + word + `"}`, status: status,
			contains: []string{`"state":"returned"`}}.run(t, handler(over, nil, nil))
	}
	// Its life is not started yet: the carrier must not hear that the shipment does not exist.
	young := &ports{carrier: func(models.CarrierEventInput) (models.ActionResult, error) {
		return models.ActionResult{}, models.Errorf(models.CodeNotFound, "this life is not running")
	}}
	scenario{role: "carrier", method: "POST", url: url, body: `{"type":"accepted"}`, status: 503,
		contains: []string{"temporarily_unavailable"}}.run(t, handler(young, nil, nil))
}
