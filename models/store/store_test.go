package store_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"cubby/activities"
	"cubby/api"
	"cubby/api/codes"
	"cubby/api/desk"
	"cubby/api/gateway"
	"cubby/api/page"
	"cubby/models"
	"cubby/models/store"
)

var (
	_ api.Keys                 = (*store.Store)(nil)
	_ api.Shipments            = (*store.Store)(nil)
	_ api.Lockers              = (*store.Store)(nil)
	_ api.Enrolments           = (*store.Store)(nil)
	_ api.Network              = (*store.Store)(nil)
	_ codes.Store              = (*store.Store)(nil)
	_ page.Pages               = (*store.Store)(nil)
	_ activities.Codes         = (*store.Store)(nil)
	_ api.Incidents            = (*store.Store)(nil)
	_ api.Events               = (*store.Store)(nil)
	_ api.Messages             = (*store.Store)(nil)
	_ api.SMSReports           = (*store.Store)(nil)
	_ desk.Staff               = (*store.Store)(nil)
	_ desk.Sessions            = (*store.Store)(nil)
	_ desk.Lockers             = (*store.Store)(nil)
	_ desk.Cells               = (*store.Store)(nil)
	_ desk.Shipments           = (*store.Store)(nil)
	_ desk.Incidents           = (*store.Store)(nil)
	_ gateway.Cabinets         = (*store.Store)(nil)
	_ activities.Lives         = (*store.Store)(nil)
	_ activities.Notices       = (*store.Store)(nil)
	_ activities.Housekeeping  = (*store.Store)(nil)
	_ activities.IncidentStore = (*store.Store)(nil)
	_ activities.ClosedLockers = (*store.Store)(nil)
	_ activities.Enrolments    = (*store.Store)(nil)
	_ activities.Endpoints     = (*store.Store)(nil)
	_ activities.Remotes       = (*store.Store)(nil)
	_ activities.RemoteAlarms  = (*store.Store)(nil)
	_ api.Remotes              = (*store.Store)(nil)
	_ desk.Remotes             = (*store.Store)(nil)
)

// fixture is an own database with a clock that tests move and a fault that they set.
type fixture struct {
	*store.Store
	mu    sync.Mutex
	now   time.Time
	fault func(point string) error

	operator, carrier, shop models.Organization
	model                   models.CabinetModel
	place                   models.Location
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *fixture) setFault(fault func(string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

func (f *fixture) at(point string) error {
	f.mu.Lock()
	fault := f.fault
	f.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(point)
}

func (f *fixture) options(url string) store.Options {
	return store.Options{
		URL: url, IDs: models.NewIDs(f.clock, rand.Reader), Now: f.clock, Rand: rand.Reader,
		Logger: slog.New(slog.DiscardHandler), Fault: f.at,
	}
}

// on runs a test on SQLite and on Postgres.
func on(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "cubby.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, postgresURL(t)))
	})
}

// postgresURL makes a schema of the test's own, dropped at its end.
func postgresURL(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("CUBBY_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("NOT TESTED ON POSTGRES: set CUBBY_TEST_POSTGRES to the URL of a server")
	}
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	schema := models.NewIDs(time.Now, rand.Reader).New("test")
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE")
		require.NoError(t, err)
		require.NoError(t, db.Close())
	})
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String()
}

func open(t testing.TB, url string) *fixture {
	t.Helper()
	f := &fixture{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s, err := store.Open(t.Context(), f.options(url))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	f.Store = s
	require.Equal(t, models.CodeUnavailable, models.ErrorCode(s.CheckMigrated(t.Context())))
	require.NoError(t, s.Migrate(t.Context()))
	require.NoError(t, s.Migrate(t.Context()), "a second time changes nothing")
	require.NoError(t, s.CheckMigrated(t.Context()))
	f.seed(t)
	return f
}

func (f *fixture) seed(t testing.TB) {
	t.Helper()
	ctx, by := t.Context(), models.Request{ID: "req"}
	var err error
	f.operator, err = f.CreateOrganization(ctx, by, models.Organization{Name: "operator", Kind: models.KindOperator, Email: "ops@example.org"})
	require.NoError(t, err)
	f.carrier, err = f.CreateOrganization(ctx, by, models.Organization{Name: "carrier", Kind: models.KindCarrier})
	require.NoError(t, err)
	f.shop, err = f.CreateOrganization(ctx, by, models.Organization{Name: "shop", Kind: models.KindShop})
	require.NoError(t, err)
	f.place, err = f.CreateLocation(ctx, by, models.Location{Name: "station", Address: "Road 1", City: "Town", Latitude: 48.2, Longitude: 16.3})
	require.NoError(t, err)
	f.model, err = f.CreateModel(ctx, by, models.CabinetModel{Name: "ten", Modules: []models.Module{{
		Name: "m", Regime: models.Ambient, Side: models.SideFront,
		Rows: []models.Row{{Cells: 4, Size: models.SizeS}, {Cells: 4, Size: models.SizeM}, {Cells: 2, Size: models.SizeL}},
	}}})
	require.NoError(t, err)
}

// locker makes a cabinet with 4 small, 4 medium and 2 large cells.
func (f *fixture) locker(t testing.TB, number string) models.Locker {
	t.Helper()
	l, err := f.CreateLocker(t.Context(), models.Request{}, models.Locker{Number: number, Location: f.place.ID, Model: f.model.ID})
	require.NoError(t, err)
	return l
}

func (f *fixture) actor(o models.Organization) models.Actor {
	return models.Actor{Organization: o.ID, Kind: o.Kind, Scopes: []models.Scope{models.ScopeShipments}}
}

// announcement is of one small parcel.
func (f *fixture) announcement(l models.LockerID, number string) models.NewShipment {
	return models.NewShipment{
		Request: models.Request{Actor: f.actor(f.carrier), ID: "req"}, IdempotencyKey: "key-" + number, Fingerprint: "body-" + number,
		Carrier: f.carrier.ID, Number: number, Locker: l, Policy: models.PolicyStandard, NotifyBy: models.NotifyContact,
		Language: "en", Contact: models.Contact{Email: "client@example.org"},
		Parcels: []models.NewParcel{{Size: models.SizeS}},
	}
}

func (f *fixture) create(t testing.TB, n models.NewShipment) models.ShipmentView {
	t.Helper()
	v, replayed, err := f.CreateShipment(t.Context(), n)
	require.NoError(t, err)
	require.False(t, replayed)
	return v
}

// rows reads a table.
func rows[T any](t *testing.T, f *fixture, where ...any) []T {
	t.Helper()
	var found []T
	db := f.DB().WithContext(t.Context())
	if len(where) > 0 {
		db = db.Where(where[0], where[1:]...)
	}
	require.NoError(t, db.Find(&found).Error)
	return found
}

func exec(t *testing.T, f *fixture, statement string, args ...any) {
	t.Helper()
	require.NoError(t, f.DB().WithContext(t.Context()).Exec(statement, args...).Error)
}

// counts tells how many rows every table has.
func counts(t *testing.T, f *fixture) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for _, table := range store.Tables() {
		statement := &gorm.Statement{DB: f.DB()}
		require.NoError(t, statement.Parse(table))
		var n int64
		require.NoError(t, f.DB().WithContext(t.Context()).Table(statement.Table).Count(&n).Error)
		found[statement.Table] = n
	}
	return found
}

func code(err error) models.Code { return models.ErrorCode(err) }

// journal makes facts that follow each other.
type journal struct {
	epoch, seq int64
	hash       string
	at         time.Time
}

func (j *journal) fact(kind models.FactType, cell int, d models.FactData) models.Fact {
	j.seq++
	f := models.Fact{
		Epoch: max(j.epoch, 1), Seq: j.seq, PrevHash: j.hash, AtMS: j.at.UnixMilli() + j.seq, Boot: "boot", Clock: models.ClockSynced,
		Type: kind, Operation: models.OperationID(fmt.Sprintf("op_%d", j.seq)), Cell: cell, Generation: 1, Data: d.Encode(),
	}
	f.Hash = f.ComputeHash()
	j.hash = f.Hash
	return f
}

func deposited(v models.ShipmentView, i, cell int) models.FactData {
	return models.FactData{
		Shipment: v.Shipment.ID, Parcel: v.Parcels[i].ID,
		After: &models.CellReport{Cell: cell, State: models.CellOccupied, Generation: 1, Shipment: v.Shipment.ID},
	}
}
