package desk_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"cubby/models"
	"cubby/models/catalogue"
)

// journal makes a locker's facts, which follow each other.
type journal struct {
	*rig
	seq  int64
	hash string
}

func (j *journal) tell(kind models.FactType, cell int, d models.FactData) {
	j.seq++
	f := models.Fact{
		Epoch: 1, Seq: j.seq, PrevHash: j.hash, AtMS: j.clock().UnixMilli(), Boot: "boot", Clock: models.ClockSynced,
		Type: kind, Operation: models.OperationID(fmt.Sprintf("op_%d", j.seq)), Cell: cell, Generation: 1, Data: d.Encode(),
	}
	f.Hash = f.ComputeHash()
	j.hash = f.Hash
	_, err := j.TakeIn(j.t.Context(), j.locker.ID, []models.Fact{f})
	require.NoError(j.t, err)
}

// inCells has the cabinet report all its cells, of which some are otherwise.
func (j *journal) inCells(others ...models.CellReport) {
	cells := make([]models.CellReport, 6)
	for i := range cells {
		cells[i] = models.CellReport{Cell: i + 1, State: models.CellFree, Generation: 1}
	}
	for _, c := range others {
		cells[c.Cell-1] = c
	}
	j.tell(models.FactInventory, 0, models.FactData{Cells: cells})
}

// doubt has the cabinet say that it does not know what is in a cell.
func (j *journal) doubt(cell int) {
	j.tell(models.FactCellDoubtful, cell, models.FactData{After: &models.CellReport{Cell: cell, State: models.CellFree, Doubtful: true, Generation: 1}})
}

// TestNothingHostileGetsIntoAPage: numbers, addresses, names, reasons and searches come from others.
func TestNothingHostileGetsIntoAPage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	j := &journal{rig: r}
	j.inCells()
	j.doubt(2)
	b := r.signedIn()
	const evil = `"><script>alert(3)</script>`
	require.Equal(t, http.StatusSeeOther, b.act("/desk/shipments/"+string(r.shipment.Shipment.ID)+"/extend", "reason", evil).Code)
	require.Equal(t, http.StatusSeeOther, b.act("/desk/lockers/"+string(r.locker.ID)+"/cells/3/out-of-service", "reason", evil).Code)
	pages, _ := r.everything()
	pages = append(pages, "/desk/shipments?q=%22%3E%3Cscript%3Ealert(4)%3C/script%3E", "/desk/lockers?q=%3Cscript%3E&only=%3Cscript%3E",
		"/desk/incidents?q=%3Cscript%3E&locker=%3Cscript%3E&kind=%3Cscript%3E", "/desk/lockers/"+string(r.locker.ID)+"?cell=3",
		"/desk?done=%3Cscript%3E", "/desk/sign-in?next=%22%3E%3Cscript%3E")
	for _, target := range pages {
		answer := b.get(target)
		page := parse(t, answer.Body)
		require.Equal(t, 2, page.Find("script").Length(), "%s: only ours", target)
		require.Zero(t, page.Find("script:not([src])").Length(), "%s: none within the page", target)
		require.Zero(t, page.Find("i, b b, [style], [onclick], [onload]").Length(), target)
		page.Find("[src], link[href]").Each(func(_ int, s *goquery.Selection) {
			for _, name := range []string{"src", "href"} {
				if at, ok := s.Attr(name); ok {
					require.True(t, strings.HasPrefix(at, "/desk/"), "%s loads %s", target, at)
				}
			}
		})
	}
	require.Contains(t, b.page("/desk/shipments/"+string(r.shipment.Shipment.ID)).Find("h1").Text(), `<script>alert(2)</script>4711`)
}

// TestEveryFieldHasALabel: also for who does not see the page.
func TestEveryFieldHasALabel(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	j := &journal{rig: r}
	j.inCells()
	j.doubt(1)
	b := r.signedIn()
	pages, _ := r.everything()
	incidents, err := r.Incidents(t.Context(), models.IncidentQuery{Page: models.Page{Limit: 1}, Kind: models.IncidentDoubt})
	require.NoError(t, err)
	for _, target := range append(pages, "/desk/sign-in", "/desk/incidents/"+string(incidents[0].ID)) {
		page := parse(t, b.get(target).Body)
		page.Find(`input:not([type=hidden]), select, textarea`).Each(func(_ int, s *goquery.Selection) {
			require.NotEmpty(t, strings.TrimSpace(s.Closest("label").Text()), "%s: %v", target, s.Nodes[0].Attr)
		})
		page.Find("button, a").Each(func(_ int, s *goquery.Selection) {
			label, _ := s.Attr("aria-label")
			require.NotEmpty(t, strings.TrimSpace(s.Text()+label), target)
		})
		require.Equal(t, 1, page.Find("h1").Length(), target)
		lang, _ := page.Find("html").Attr("lang")
		require.Equal(t, "en", lang, target)
		seen := map[string]bool{}
		page.Find("[id]").Each(func(_ int, s *goquery.Selection) {
			id, _ := s.Attr("id")
			require.False(t, seen[id], "%s: two things are %s", target, id)
			seen[id] = true
		})
	}
}

// TestEveryWordIsThere in both languages: no page shows a key or, in Russian, English.
func TestEveryWordIsThere(t *testing.T) {
	t.Parallel()
	texts, err := catalogue.Load()
	require.NoError(t, err)
	has := func(of, code string) {
		require.NotEqual(t, "desk."+of+"."+code, texts.Text("en", "desk."+of+"."+code, nil))
	}
	for _, s := range models.ShipmentStates() {
		has("shipment", string(s))
	}
	for _, s := range models.CellStates() {
		has("cell_state", string(s))
		has("sign", string(s))
	}
	for _, k := range models.IncidentKinds() {
		has("incident", string(k))
		has("incident_help", string(k))
	}
	for _, p := range models.RemotePurposes() {
		has("remote_purpose", p)
	}
	for _, s := range models.RemoteStates() {
		has("remote_state", string(s))
	}
	for _, o := range []models.OpenOutcome{models.Opened, models.NotOpened, models.Refused, models.Unknown} {
		has("remote_outcome", string(o))
	}
	for _, reason := range []string{models.RemoteNotConnected, models.RemoteNoCell, models.RemoteTooLate, models.RemoteOperatorLimit,
		models.RemoteStopped, models.RemoteNotSigned, "busy", "doors", "limit", "board_dead", "jammed"} {
		has("remote_reason", reason)
	}
	for _, f := range models.LockerFilters() {
		has("only", string(f))
	}
	r := newRig(t)
	j := &journal{rig: r}
	j.inCells()
	j.doubt(1)
	b := r.signedIn()
	require.Equal(t, http.StatusSeeOther, b.act("/desk/language", "language", "ru", "next", "/desk/lockers").Code)
	key := regexp.MustCompile(`desk\.[a-z_]+`)
	pages, _ := r.everything()
	for _, target := range append(pages, "/desk/sign-in", "/desk/lockers/"+string(r.locker.ID)+"?cell=1&done=ordered") {
		page := parse(t, b.get(target).Body)
		require.Empty(t, key.FindString(page.Find("body").Text()), target)
	}
	page := b.page("/desk/lockers")
	require.Equal(t, "Постаматы", page.Find("h1").Text())
	require.Equal(t, http.StatusSeeOther, b.act("/desk/language", "language", "xx").Code)
	require.Equal(t, "Постаматы", b.page("/desk/lockers").Find("h1").Text(), "a language that there is not changes nothing")
}

// TestFindingAShipment by all of its number, its barcode, or the last characters of either.
func TestFindingAShipment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	short := r.announce("77", "B7")
	b := r.signedIn()
	barcode := r.shipment.Parcels[0].Barcode
	finds := func(query string) int {
		return b.page("/desk/shipments?" + query).Find(`[data-testid=shipment]`).Length()
	}
	require.Equal(t, 2, finds(""))
	for _, q := range []string{"4711", barcode, barcode[len(barcode)-4:], "77", "B7"} {
		require.Equal(t, 1, finds("q="+q), q)
	}
	for _, q := range []string{"11", "q=0000", "state=expired", "locker=L-999", "q=4711&locker=L-999"} {
		if !strings.Contains(q, "=") {
			q = "q=" + q
		}
		page := b.page("/desk/shipments?" + q)
		require.NotEmpty(t, said(page, "empty"), q)
	}
	require.Equal(t, 2, finds("locker=l-001&state=created"))
	require.Equal(t, "/desk/shipments/"+string(short.Shipment.ID), b.get("/desk/shipments?q="+string(short.Shipment.ID)).Header().Get("Location"))
	require.Equal(t, http.StatusSeeOther, b.get("/desk/shipments?cursor=nonsense").Code)
	require.Equal(t, http.StatusNotFound, b.get("/desk/shipments/shp_01hv0000000000000000000009").Code)
	require.Equal(t, http.StatusNotFound, b.get("/desk/shipments/x").Code)
}

// TestListsHavePages: each shows 25, and what follows is reached by links alone.
func TestListsHavePages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 60 {
		r.announce(fmt.Sprintf("N-%04d", i))
		_, err := r.CreateLocker(t.Context(), models.Request{ID: "req"}, models.Locker{Number: fmt.Sprintf("M-%02d", i), Location: r.locker.Location, Model: r.locker.Model})
		require.NoError(t, err)
		r.advance(time.Millisecond)
	}
	b := r.signedIn()
	for target, testid := range map[string]string{
		"/desk/shipments": "shipment", "/desk/lockers": "locker", "/desk/lockers?only=away": "locker", "/desk/shipments?state=created": "shipment",
	} {
		seen, sizes := map[string]bool{}, []int{}
		for next := target; next != ""; {
			page := b.page(next)
			links := page.Find(fmt.Sprintf(`[data-testid=%s]`, testid))
			sizes = append(sizes, links.Length())
			links.Each(func(_ int, s *goquery.Selection) {
				href, _ := s.Attr("href")
				require.False(t, seen[href], "twice: %s", href)
				seen[href] = true
			})
			next, _ = page.Find(`[data-testid=next]`).Attr("href")
		}
		require.Equal(t, []int{25, 25, 11}, sizes, target)
	}
}

// TestAShipmentsPage tells the story in order, hides the contact, and records who looked.
func TestAShipmentsPage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	j := &journal{rig: r}
	r.advance(time.Hour)
	j.inCells()
	j.tell(models.FactDeposited, 1, models.FactData{
		Shipment: r.shipment.Shipment.ID, Parcel: r.shipment.Parcels[0].ID,
		After: &models.CellReport{Cell: 1, State: models.CellOccupied, Generation: 1, Shipment: r.shipment.Shipment.ID},
	})
	b := r.signedIn()
	target := "/desk/shipments/" + string(r.shipment.Shipment.ID)
	page := b.page(target)
	story := said(page, "timeline")
	require.Regexp(t, `asked for announced.*state announced.*cabinet parcel put in, Cell 1`, story)
	require.Contains(t, story, "2026-03-01 13:00 CET", "in the time of the place")
	hidden := page.Text()
	for _, secret := range []string{"Cora", "+491701234567", "cora@"} {
		require.NotContains(t, hidden, secret)
	}
	require.Contains(t, said(page, "contact"), "+49•••67")
	workflow, _ := page.Find(`[data-testid=workflow]`).Attr("href")
	require.Equal(t, "http://temporal.example/namespaces/cubby/workflows/"+models.ShipmentWorkflowID(r.shipment.Shipment.ID), workflow)
	require.Empty(t, r.audited(string(r.shipment.Shipment.ID)))

	answer := b.act(target + "/contact")
	require.Equal(t, http.StatusOK, answer.Code)
	shown := said(parse(t, answer.Body), "contact")
	for _, wanted := range []string{"Cora Client", "+491701234567", "cora@example.org"} {
		require.Contains(t, shown, wanted)
	}
	require.Equal(t, []string{"contact.show"}, r.audited(string(r.shipment.Shipment.ID)))
	require.NotContains(t, b.page(target).Text(), "Cora", "once")
}

// TestActsOnAShipment are for a reason where they need one, recorded before they are done, one
// however often the form is sent, and only those that the state allows.
func TestActsOnAShipment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.signedIn()
	target := "/desk/shipments/" + string(r.shipment.Shipment.ID)
	page := b.page(target)
	require.Equal(t, 1, page.Find(`[data-testid=act-cancel]`).Length())
	require.Zero(t, page.Find(`[data-testid=act-freeze]`).Length(), "nothing lies in a cell yet")
	require.Zero(t, page.Find(`[data-testid=act-reroute]`).Length())

	answer := b.act(target+"/cancel", "act", "one")
	require.Equal(t, http.StatusBadRequest, answer.Code)
	require.Contains(t, said(parse(t, answer.Body), "problem"), "Say why")
	require.Equal(t, http.StatusBadRequest, b.act(target+"/cancel", "act", "one", "reason", strings.Repeat("x", 501)).Code)
	require.Equal(t, http.StatusBadRequest, b.act(target+"/cancel", "act", "one", "reason", " \x00\xff").Code, "nothing that can be kept")
	require.Empty(t, r.engine.asked)
	for range 2 {
		answer = b.act(target+"/cancel", "act", "one", "reason", "the client moved")
		require.Equal(t, http.StatusSeeOther, answer.Code)
	}
	long := strings.Repeat("я", 500) // characters, of two bytes each
	require.Equal(t, http.StatusSeeOther, b.act(target+"/cancel", "act", "two", "reason", long).Code)
	require.Len(t, r.engine.asked, 3)
	require.Equal(t, r.engine.asked[0], r.engine.asked[1])
	require.NotEqual(t, r.engine.asked[0], r.engine.asked[2])
	require.Contains(t, said(b.page(answer.Header().Get("Location")), "done"), "cancelled")
	require.Equal(t, http.StatusSeeOther, b.act(target+"/reissue-code", "act", "three").Code, "for no reason")
	require.Equal(t, []string{
		"shipment.cancel the client moved", "shipment.cancel the client moved", "shipment.cancel " + long, "shipment.reissue_code",
	}, r.audited(string(r.shipment.Shipment.ID)))

	for code, status := range map[models.Code]int{
		models.CodeInvalidState: http.StatusConflict, models.CodeNotFound: http.StatusConflict, models.CodeUnavailable: http.StatusServiceUnavailable,
	} {
		r.engine.fail = models.Errorf(code, "no")
		answer = b.act(target+"/freeze", "act", "four", "reason", "typed with care")
		require.Equal(t, status, answer.Code, code)
		page := parse(t, answer.Body)
		require.NotEmpty(t, said(page, "problem"))
		kept, _ := page.Find(`input[name=reason]`).First().Attr("value")
		require.Equal(t, "typed with care", kept)
	}
	require.Equal(t, http.StatusNotFound, b.act(target+"/explode", "reason", "x").Code)
	require.Equal(t, http.StatusNotFound, b.act("/desk/shipments/shp_01hv0000000000000000000009/cancel", "reason", "x").Code)
}

// TestACellsPage draws the cabinet, and its orders go to the cabinet and not to the table.
func TestACellsPage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	j := &journal{rig: r}
	j.inCells(models.CellReport{Cell: 4, State: models.CellOutOfService, Generation: 1})
	j.doubt(2)
	b := r.signedIn()
	target := "/desk/lockers/" + string(r.locker.ID)
	page := b.page(target)
	require.Equal(t, 1, page.Find(".module").Length())
	require.Equal(t, 2, page.Find(".row-of").Length())
	require.Equal(t, 6, page.Find("a.cell").Length())
	require.Equal(t, 1, page.Find(`#cell-2.look-doubtful`).Length())
	require.Equal(t, 1, page.Find(`#cell-4.look-out_of_service`).Length())
	label, _ := page.Find("#cell-2").Attr("aria-label")
	require.Equal(t, "Cell 2, S, doubtful", label)

	require.Equal(t, 1, b.page(target+"?cell=4").Find(`[data-testid=in]`).Length(), "as a technician may have wanted it")
	page = b.page(target + "?cell=2")
	require.Zero(t, page.Find(`[data-testid=in]`).Length())
	require.Contains(t, said(page, "cell"), "free doubtful")
	_, disabled := page.Find(`input[value=parcel]`).Attr("disabled")
	require.True(t, disabled, "no parcel is recorded in it")
	require.Equal(t, http.StatusBadRequest, b.act(target+"/cells/2/mark-checked", "generation", "1", "reason", "looked").Code)
	require.Equal(t, http.StatusBadRequest, b.act(target+"/cells/2/mark-checked", "generation", "1", "found", "empty").Code)
	require.Equal(t, http.StatusConflict, b.act(target+"/cells/2/mark-checked", "generation", "7", "found", "empty", "reason", "x").Code)
	require.Equal(t, http.StatusConflict, b.act(target+"/cells/1/mark-checked", "generation", "1", "found", "empty", "reason", "x").Code)
	require.Equal(t, http.StatusNotFound, b.act(target+"/cells/99/out-of-service", "reason", "x").Code)
	require.Equal(t, http.StatusNotFound, b.act(target+"/cells/2/open", "reason", "x").Code)

	answer := b.act(target+"/cells/2/mark-checked", "generation", "1", "found", "empty", "reason", "looked")
	require.Equal(t, http.StatusSeeOther, answer.Code)
	page = b.page(answer.Header().Get("Location"))
	require.NotEmpty(t, said(page, "done"))
	require.Contains(t, said(page, "waits"), "is away")
	require.Contains(t, said(page, "cell"), "doubtful", "until the cabinet has answered")
	r.advance(time.Minute)
	j.tell(models.FactCellChecked, 2, models.FactData{After: &models.CellReport{Cell: 2, State: models.CellFree, Generation: 1}})
	page = b.page(target + "?cell=2")
	require.Empty(t, said(page, "waits"))
	require.NotContains(t, said(page, "cell"), "doubtful")

	require.Equal(t, http.StatusSeeOther, b.act(target+"/cells/1/out-of-service", "reason", "door bent").Code)
	page = b.page(target + "?cell=1")
	require.Contains(t, said(page, "cell"), "door bent")
	require.Equal(t, 1, page.Find(`[data-testid=in]`).Length())
	require.Zero(t, page.Find(`[data-testid=out]`).Length())
}

// TestALockersActs are for a reason, and those that its state allows.
func TestALockersActs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.signedIn()
	target := "/desk/lockers/" + string(r.locker.ID)
	require.Equal(t, http.StatusBadRequest, b.act(target+"/pause").Code)
	require.Equal(t, http.StatusNotFound, b.act(target+"/explode", "reason", "x").Code)
	require.Equal(t, http.StatusSeeOther, b.act(target+"/pause", "reason", "road works").Code)
	page := b.page(target)
	require.Contains(t, said(page, "locker-state"), "paused")
	require.Equal(t, 1, page.Find(`[data-testid=locker-resume]`).Length())
	require.Zero(t, page.Find(`[data-testid=locker-pause]`).Length())
	require.Equal(t, http.StatusSeeOther, b.act(target+"/close", "reason", "gone", "withdraw", "1").Code)
	require.Contains(t, said(b.page(target), "locker-state"), "being emptied")
	require.Equal(t, http.StatusConflict, b.act(target+"/pause", "reason", "x").Code)
}

// TestIncidents are listed by what they are of, and resolved for a reason.
func TestIncidents(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.signedIn()
	require.Contains(t, said(b.page("/desk/incidents"), "empty"), "Nothing is open")
	j := &journal{rig: r}
	j.inCells()
	j.doubt(2)
	j.tell(models.FactDoorJammed, 3, models.FactData{})
	count := func(query string) int {
		return b.page("/desk/incidents?" + query).Find(`[data-testid=incident]`).Length()
	}
	all := count("")
	require.GreaterOrEqual(t, all, 2)
	require.Equal(t, 1, count("kind=cell_doubtful"))
	require.Equal(t, all, count("locker=L-001"))
	require.Zero(t, count("locker=L-002"))
	require.Zero(t, count("state=resolved"))
	require.Zero(t, count("shipment="+string(r.shipment.Shipment.ID)))

	page := b.page("/desk/incidents?kind=cell_doubtful")
	target, _ := page.Find(`[data-testid=incident]`).Attr("href")
	require.Equal(t, http.StatusBadRequest, b.act(target+"/resolve", "reason", "  ").Code)
	answer := b.act(target+"/resolve", "reason", "looked into it")
	require.Equal(t, http.StatusSeeOther, answer.Code)
	page = b.page(answer.Header().Get("Location"))
	require.Equal(t, "resolved", said(page, "state"))
	require.Contains(t, page.Text(), "looked into it")
	require.Equal(t, http.StatusConflict, b.act(target+"/resolve", "reason", "again").Code)
	require.Equal(t, all-1, count(""))
	require.Equal(t, 1, count("state=resolved"))
	require.Equal(t, all, count("state=all"))
}

// TestTheFrontPage counts, and its numbers lead to what they count.
func TestTheFrontPage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	j := &journal{rig: r}
	j.inCells(models.CellReport{Cell: 4, State: models.CellOutOfService, Generation: 1})
	j.doubt(2)
	b := r.signedIn()
	counts := map[string]string{}
	b.page("/desk").Find(".counts a").Each(func(_ int, s *goquery.Selection) {
		n := s.Find("strong").Text()
		counts[strings.TrimSpace(strings.TrimPrefix(strings.Join(strings.Fields(s.Text()), " "), n))] = n
		href, _ := s.Attr("href")
		require.Equal(t, http.StatusOK, b.get(href).Code)
	})
	for name, n := range map[string]string{
		"open incidents": "1", "lockers": "1", "lockers away": "1", "cells in doubt": "1", "cells out of service": "1", "cells free": "4", "announced": "1",
	} {
		require.Equal(t, n, counts[name], name)
	}
	for _, only := range []string{"away", "doubtful", "out_of_service"} {
		require.Equal(t, 1, b.page("/desk/lockers?only="+only).Find(`[data-testid=locker]`).Length(), only)
		require.Zero(t, b.page("/desk/lockers?q=nothing&only="+only).Find(`[data-testid=locker]`).Length(), only)
	}
}
