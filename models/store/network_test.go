package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"cubby/models"
	"cubby/models/store"
)

func TestTablesMatchTheModels(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		known := map[string]bool{"goose_db_version": true, "sqlite_sequence": true}
		for _, table := range store.Tables() {
			statement := &gorm.Statement{DB: f.DB()}
			require.NoError(t, statement.Parse(table))
			known[statement.Table] = true
			columns, err := f.DB().Migrator().ColumnTypes(table)
			require.NoError(t, err)
			nullable := map[string]bool{}
			for _, c := range columns {
				null, ok := c.Nullable()
				require.True(t, ok)
				nullable[c.Name()] = null
			}
			require.Len(t, nullable, len(statement.Schema.DBNames), "columns of %s", statement.Table)
			for _, name := range statement.Schema.DBNames {
				null, there := nullable[name]
				require.True(t, there, "%s.%s", statement.Table, name)
				field := statement.Schema.FieldsByDBName[name]
				switch field.FieldType.Kind() {
				case reflect.Pointer:
					require.True(t, null, "%s.%s may be empty", statement.Table, name)
				case reflect.Slice: // a nil slice is NULL
				default:
					if !field.PrimaryKey { // SQLite calls a text key nullable
						require.False(t, null, "%s.%s is never empty", statement.Table, name)
					}
				}
			}
		}
		tables, err := f.DB().Migrator().GetTables()
		require.NoError(t, err)
		for _, name := range tables {
			require.True(t, known[name], "table %s has no model", name)
		}
	})
}

func TestFeedIsCommitOrdered(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		locker := f.locker(t, "L-1")
		holding, release := make(chan struct{}), make(chan struct{})
		var group sync.WaitGroup
		var slow, fast error
		group.Go(func() {
			slow = f.Feed(t.Context(), "slow", func() { close(holding); <-release })
		})
		<-holding
		done := make(chan struct{})
		group.Go(func() {
			fast = f.Feed(t.Context(), "fast", func() {})
			close(done)
		})
		// The second writer cannot have a position while the first is not committed, so a
		// reader sees neither or both in order.
		for range 20 {
			_, cursor, _, err := f.Directory(t.Context(), locker.ID, nil, 100)
			require.NoError(t, err)
			require.Zero(t, cursor[models.ScopeNetwork])
			select {
			case <-done:
				t.Fatal("the second transaction overtook the first")
			default:
			}
		}
		close(release)
		group.Wait()
		require.NoError(t, slow)
		require.NoError(t, fast)
		entries, cursor, _, err := f.Directory(t.Context(), locker.ID, map[string]int64{models.ScopeOfLocker(locker.ID): 1}, 100)
		require.NoError(t, err)
		require.Equal(t, []string{"slow", "fast"}, []string{entries[0].Key, entries[1].Key})
		require.Equal(t, int64(2), cursor[models.ScopeNetwork])
	})
}

func TestAReaderSkipsNoRow(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		locker := f.locker(t, "L-1")
		const writers, each = 4, 10
		var group sync.WaitGroup
		errs := make(chan error, writers*each)
		for w := range writers {
			group.Go(func() {
				for i := range each {
					errs <- f.Feed(t.Context(), string(rune('a'+w))+string(rune('a'+i)), func() {})
				}
			})
		}
		written := make(chan struct{})
		go func() { group.Wait(); close(written) }()
		seen := map[string]bool{}
		cursor := map[string]int64{models.ScopeOfLocker(locker.ID): 1}
		for finished := false; ; {
			entries, next, more, err := f.Directory(t.Context(), locker.ID, cursor, 3)
			require.NoError(t, err)
			for _, e := range entries {
				seen[e.Key] = true
			}
			cursor = next
			if finished && !more {
				break
			}
			select {
			case <-written:
				finished = true
			default:
			}
		}
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		require.Len(t, seen, writers*each)
		positions, err := f.Positions(t.Context())
		require.NoError(t, err)
		require.Equal(t, int64(writers*each), positions[models.ScopeNetwork])
		require.NotContains(t, positions, "events:organization:"+string(f.carrier.ID))
		entries, _, _, err := f.Directory(t.Context(), locker.ID, map[string]int64{models.ScopeNetwork: 9999}, 100)
		require.NoError(t, err)
		require.Len(t, entries, writers*each+1, "a cursor from before a restore reads again")
	})
}

func TestKeys(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ends := f.clock().Add(time.Hour)
		key, secret, err := f.CreateKey(t.Context(), models.NewKey{Organization: f.carrier.ID, Name: "k", Scopes: []models.Scope{models.ScopeShipments}, ExpiresAt: &ends})
		require.NoError(t, err)
		require.Regexp(t, `^cubby_[a-z2-7]{32}$`, secret)
		sum := sha256.Sum256([]byte(secret))
		hash := hex.EncodeToString(sum[:])
		actor, err := f.Authenticate(t.Context(), hash)
		require.NoError(t, err)
		require.Equal(t, models.Actor{Key: key.ID, Organization: f.carrier.ID, Kind: models.KindCarrier, Scopes: []models.Scope{models.ScopeShipments}}, actor)
		_, err = f.Authenticate(t.Context(), secret)
		require.Equal(t, models.CodeUnauthorized, code(err))
		f.advance(time.Hour)
		_, err = f.Authenticate(t.Context(), hash)
		require.Equal(t, models.CodeUnauthorized, code(err), "expired")
		f.advance(-time.Hour)
		require.NoError(t, f.RevokeKey(t.Context(), models.Request{}, key.ID))
		require.NoError(t, f.RevokeKey(t.Context(), models.Request{}, key.ID))
		_, err = f.Authenticate(t.Context(), hash)
		require.Equal(t, models.CodeUnauthorized, code(err), "revoked")
		require.Equal(t, models.CodeNotFound, code(f.RevokeKey(t.Context(), models.Request{}, "key_none")))
		_, _, err = f.CreateKey(t.Context(), models.NewKey{Organization: "org_none"})
		require.Equal(t, models.CodeNotFound, code(err))

		_, _, err = f.CreateKey(t.Context(), models.NewKey{Organization: f.carrier.ID, Scopes: []models.Scope{models.ScopeOperator}})
		require.Equal(t, models.CodeInvalid, code(err), "a carrier's key for every organization")

		o, created, err := f.BootstrapOperator(t.Context(), "another", "")
		require.NoError(t, err)
		require.False(t, created)
		require.Equal(t, f.operator.ID, o.ID)
	})
}

func TestNetwork(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		ctx, by := t.Context(), models.Request{}
		a, b := f.locker(t, "L-1"), f.locker(t, "L-2")
		_, err := f.CreateOrganization(ctx, by, models.Organization{Name: "carrier", Kind: models.KindCarrier})
		require.Equal(t, models.CodeConflict, code(err))
		_, err = f.CreateModel(ctx, by, models.CabinetModel{Name: "ten"})
		require.Equal(t, models.CodeConflict, code(err))
		for _, l := range []models.Locker{{Number: "L-1", Location: f.place.ID, Model: f.model.ID}, {Number: "L-3", Location: "loc_none", Model: f.model.ID}, {Number: "L-3", Location: f.place.ID, Model: "mod_none"}} {
			_, err = f.CreateLocker(ctx, by, l)
			require.Contains(t, []models.Code{models.CodeConflict, models.CodeNotFound}, code(err))
		}
		page, err := f.Lockers(ctx, models.Page{Limit: 1})
		require.NoError(t, err)
		require.Len(t, page, 1)
		page, err = f.Lockers(ctx, models.Page{Limit: 5, Cursor: string(page[0].Locker.ID)})
		require.NoError(t, err)
		require.Len(t, page, 1)
		for search, n := range map[string]int{"l-2": 1, "TOWN": 2, "%": 0, "_": 2, string(a.ID): 1} {
			page, err = f.Lockers(ctx, models.Page{Limit: 5, Search: search})
			require.NoError(t, err)
			require.Len(t, page, n, search)
		}
		_, err = f.Availability(ctx, "lkr_none", f.carrier.ID)
		require.Equal(t, models.CodeNotFound, code(err))

		courier := models.Courier{Organization: f.operator.ID, Role: models.RoleCourier, Badge: "B", PINHash: "h"}
		_, err = f.CreateCourier(ctx, models.NewCourier{Courier: courier})
		require.NoError(t, err)
		_, err = f.CreateCourier(ctx, models.NewCourier{Courier: courier})
		require.Equal(t, models.CodeConflict, code(err))
		named := models.Courier{Organization: f.carrier.ID, Role: models.RoleCourier, Badge: "C", Lockers: []models.LockerID{b.ID}}
		_, err = f.CreateCourier(ctx, models.NewCourier{Courier: named})
		require.NoError(t, err)
		named.Badge, named.Lockers = "D", []models.LockerID{b.ID, "lkr_none"}
		_, err = f.CreateCourier(ctx, models.NewCourier{Courier: named})
		require.Equal(t, models.CodeNotFound, code(err))
		badges := func(l models.LockerID) (found []string) {
			entries, _, _, err := f.Directory(ctx, l, nil, 100)
			require.NoError(t, err)
			for _, e := range entries {
				var c models.DirectoryCourier
				if e.Kind == models.EntryCourier {
					require.NoError(t, json.Unmarshal(e.Body, &c))
					require.Equal(t, c.Badge == "B", c.Operator)
					found = append(found, c.Badge)
				}
			}
			return found
		}
		require.Empty(t, badges(a.ID), "nobody is told before a worker has signed")
		signed := 0
		publish := func() {
			for _, c := range rows[models.Courier](t, f) {
				require.NoError(t, f.PublishCourier(ctx, c.ID, func(g models.Grant) models.SignedGrant {
					signed++
					require.Equal(t, c.Rev, g.Rev)
					return models.SignedGrant{Grant: g, Signer: "s", Signature: []byte{1}}
				}))
			}
		}
		publish()
		require.Equal(t, []string{"B"}, badges(a.ID))
		require.ElementsMatch(t, []string{"B", "C"}, badges(b.ID))
		publish()
		require.Equal(t, 2, signed, "a revision is told once")
		require.Len(t, rows[models.OutboxRow](t, f, "workflow = ?", models.WorkflowGrant), 2)

		mine := models.Request{Actor: models.Actor{Organization: f.carrier.ID, Kind: models.KindCarrier}}
		theirs := rows[models.Courier](t, f, "badge = ?", "B")[0]
		_, err = f.SuspendCourier(ctx, mine, theirs.ID, true)
		require.Equal(t, models.CodeNotFound, code(err), "another organization's courier")
		own := rows[models.Courier](t, f, "badge = ?", "C")[0]
		rev := own.Rev
		for range 2 {
			c, err := f.SuspendCourier(ctx, mine, own.ID, true)
			require.NoError(t, err)
			require.True(t, c.Suspended)
			require.Greater(t, c.Rev, rev, "a repeat tells the cabinets again")
			rev = c.Rev
		}
		require.Len(t, rows[models.OutboxRow](t, f, "workflow = ?", models.WorkflowGrant), 4)
		publish()
		require.Equal(t, 3, signed, "the newest revision alone is told")
		require.Equal(t, models.CodeNotFound, code(f.PublishCourier(ctx, "cou_none", nil)))

		p, err := f.PutPolicy(ctx, by, models.Policy{Name: models.PolicyStandard, Storage: 60})
		require.NoError(t, err)
		require.Equal(t, 2, p.Version)
		require.Equal(t, 2, f.create(t, f.announcement(a.ID, "N1")).Shipment.PolicyVersion)
		require.NoError(t, f.Migrate(ctx), "keeps what was changed")
	})
}

func TestLease(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		lease := func(holder string, ttl time.Duration) bool {
			held, err := f.Lease(t.Context(), "forwarder", holder, ttl)
			require.NoError(t, err)
			return held
		}
		require.True(t, lease("a", time.Hour))
		require.True(t, lease("a", time.Hour), "renewed")
		require.False(t, lease("b", time.Hour))
		require.NoError(t, f.ReleaseLease(t.Context(), "forwarder", "b"))
		require.False(t, lease("b", time.Hour), "not b's to release")
		require.NoError(t, f.ReleaseLease(t.Context(), "forwarder", "a"))
		require.True(t, lease("b", -time.Second))
		require.True(t, lease("a", time.Hour), "b's has run out")
	})
}

func TestOneProcessOnSQLite(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "cubby.db")
	f := open(t, url)
	_, err := store.Open(t.Context(), f.options(url))
	require.Equal(t, models.CodeUnavailable, code(err))
	require.ErrorContains(t, err, "another process uses this database; several processes need Postgres")
	require.NoError(t, f.Ping(t.Context()))
	for _, bad := range []string{"", "sqlite:", "sqlite::memory:", "mysql://x", "postgres://%zz"} {
		_, err := store.Open(t.Context(), f.options(bad))
		require.Equal(t, models.CodeInvalid, code(err), bad)
	}
	_, err = store.Open(t.Context(), f.options("postgres://127.0.0.1:1/none?connect_timeout=1"))
	require.Equal(t, models.CodeUnavailable, code(err))
}

func TestPrune(t *testing.T) {
	on(t, func(t *testing.T, f *fixture) {
		l := f.locker(t, "L-1")
		v := f.create(t, f.announcement(l.ID, "N1"))
		f.create(t, f.announcement(l.ID, "alive"))
		j := &journal{at: f.clock()}
		_, err := f.TakeIn(t.Context(), l.ID, []models.Fact{opened(j), j.fact(models.FactDoorOpened, 1, models.FactData{})})
		require.NoError(t, err)
		res, err := f.Project(t.Context(), models.Projection{Shipment: v.Shipment.ID, Rev: 1, State: models.StatePickedUp, Notify: []models.NoticeKind{models.NoticeReady}}, signed)
		require.NoError(t, err)
		require.Len(t, res.Notifications, 1) // it never leaves, and is kept no longer for that
		prune := func(limit, want int) {
			t.Helper()
			n, err := f.Prune(t.Context(), limit)
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
		prune(100, 0)
		f.advance(25 * time.Hour)
		prune(1, 1)
		prune(100, 1) // the other idempotency record
		f.advance(30 * 24 * time.Hour)
		prune(100, 1)
		require.Len(t, rows[models.Contact](t, f), 1, "that of the living shipment")
		f.advance(60 * 24 * time.Hour)
		prune(100, 5) // the message, the one event, and what feeds told of the locker and of both announcements
		f.advance(90 * 24 * time.Hour)
		prune(100, 2) // a fact and a deletion in the directory
		require.Equal(t, int64(2), rows[models.StoredFact](t, f)[0].Seq, "the head's fact stays")
		f.advance(200 * 24 * time.Hour)
		_, err = f.Prune(t.Context(), 100)
		require.NoError(t, err)
		require.Empty(t, rows[models.AuditEntry](t, f))
		_, cursor, more, err := f.Directory(t.Context(), l.ID, nil, 100)
		require.NoError(t, err)
		require.False(t, more)
		positions, err := f.Positions(t.Context())
		require.NoError(t, err)
		require.Equal(t, positions[models.ScopeOfLocker(l.ID)], cursor[models.ScopeOfLocker(l.ID)])
	})
}
