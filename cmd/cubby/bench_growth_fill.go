package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/url"
	"strings"
	"time"

	"cubby/models"
)

// What a filled database is like, whatever its size.
const (
	growthCarriers    = 50
	growthCells       = 32 // of a locker
	growthOpenPercent = 5  // of shipments: the newest
	growthNoisy       = 7  // the locker with many incidents
	growthNoise       = 60 // its incidents, of which a sixth is open
)

// growthID is an id by a number, as the filled rows have them: in the order of time, as true ids are.
func growthID(prefix string, n int) string { return fmt.Sprintf("%s_%026d", prefix, n) }

func growthNumber(n int) string       { return fmt.Sprintf("N%09d", n) }
func growthBarcode(n int) string      { return fmt.Sprintf("CB%012d", n) }
func growthLockerNumber(n int) string { return fmt.Sprintf("G%06d", n) }

// grow makes a schema of its own with so many shipments and serves it.
func grow(ctx context.Context, p program, dsn string, lockers, shipments int) (_ *grown, err error) {
	plain, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	schema := models.NewIDs(time.Now, rand.Reader).New("growth")
	if _, err := plain.ExecContext(ctx, "CREATE SCHEMA "+schema); err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	drop := func(ctx context.Context) error {
		_, err := plain.ExecContext(ctx, "DROP SCHEMA "+schema+" CASCADE")
		return errors.Join(err, plain.Close())
	}
	if p.config.databaseURL, err = inSchema(dsn, schema); err != nil {
		return nil, errors.Join(err, drop(ctx))
	}
	db, err := openStore(ctx, p)
	if err != nil {
		return nil, errors.Join(err, drop(ctx))
	}
	g := &grown{db: db, drop: drop, log: p.log, rnd: mathrand.New(mathrand.NewPCG(1, 2)), shipments: shipments, lockers: lockers}
	if err := g.fill(ctx, p.config.databaseURL); err != nil {
		return nil, errors.Join(err, drop(ctx), db.Close())
	}
	if err := g.serve(); err != nil {
		return nil, errors.Join(err, drop(ctx), db.Close())
	}
	return g, nil
}

// inSchema is the URL of a schema of the database.
func inSchema(dsn, schema string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("bench: the database URL is not one") // it may hold a password
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// fill makes a few things as the server does, and multiplies them in the database.
func (g *grown) fill(ctx context.Context, dsn string) error {
	if err := g.db.Migrate(ctx); err != nil {
		return err
	}
	request := models.Request{Actor: models.Actor{Scopes: []models.Scope{models.ScopeOperator}}, ID: "growth"}
	bank, err := newBank(ctx, g.db, request, 1, growthCells)
	if err != nil {
		return err
	}
	operator, err := g.db.CreateOrganization(ctx, request, models.Organization{Name: "Growth operator", Kind: models.KindOperator})
	if err != nil {
		return err
	}
	if _, g.operator, err = g.db.CreateKey(ctx, models.NewKey{Request: request, Organization: operator.ID, Name: "growth", Scopes: []models.Scope{models.ScopeOperator}}); err != nil {
		return err
	}
	var carriers []string
	for i := range growthCarriers {
		c, err := g.db.CreateOrganization(ctx, request, models.Organization{Name: fmt.Sprintf("Growth %d", i), Kind: models.KindCarrier})
		if err != nil {
			return err
		}
		carriers = append(carriers, string(c.ID))
	}
	of := models.OrganizationID(carriers[0])
	if _, g.carrier, err = g.db.CreateKey(ctx, models.NewKey{Request: request, Organization: of, Name: "growth", Scopes: []models.Scope{models.ScopeShipments}}); err != nil {
		return err
	}
	request.Actor.Organization = of
	pattern, _, err := g.db.CreateShipment(ctx, models.NewShipment{
		Request: request, IdempotencyKey: "pattern", Fingerprint: "growth", Carrier: of, Number: "pattern", Locker: bank.lockers[0],
		Policy: models.PolicyStandard, NotifyBy: models.NotifyCarrier, Language: "en",
		Parcels: []models.NewParcel{{Size: models.SizeM, Regime: models.Ambient}},
	})
	if err != nil {
		return err
	}
	life, err := json.Marshal(models.NewLife(pattern.Shipment, pattern.Parcels, models.ReadyMadePolicies()[0]))
	if err != nil {
		return err
	}
	g.incidents = g.shipments / 20
	return g.multiply(ctx, dsn, map[string]string{
		"n": fmt.Sprint(g.shipments), "lockers": fmt.Sprint(g.lockers), "cells": fmt.Sprint(growthCells),
		"carriers": "(ARRAY['" + strings.Join(carriers, "','") + "'])", "carrier_count": fmt.Sprint(growthCarriers),
		"ended": fmt.Sprint(g.shipments / 100 * (100 - growthOpenPercent)), "incidents": fmt.Sprint(g.incidents),
		"noise": fmt.Sprint(growthNoise), "noisy": fmt.Sprint(growthNoisy), "life": "'" + string(life) + "'", "pattern": string(bank.lockers[0]),
	})
}

// multiply runs the statements in one session, which waits for no disk and checks no references: they hold by how the
// rows are made.
func (g *grown) multiply(ctx context.Context, dsn string, with map[string]string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // its work is committed
	session, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	for _, statement := range growthStatements {
		for name, value := range with {
			statement = strings.ReplaceAll(statement, "{"+name+"}", value)
		}
		if _, err := session.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s …: %w", strings.SplitN(strings.TrimSpace(statement), "\n", 2)[0], err)
		}
	}
	return nil
}

// growthStatements make the rows. The shipment i is of the carrier i mod {carrier_count} and made in the order of i over
// a year; all but the newest have ended. No facts are made: none of the calls reads them.
var growthStatements = []string{
	"SET session_replication_role = replica",
	"SET synchronous_commit = off",
	"SET maintenance_work_mem = '256MB'",
	`CREATE TEMP TABLE made AS
	SELECT i, 'shp_' || lpad(i::text, 26, '0') AS id, 'par_' || lpad(i::text, 26, '0') AS parcel,
		{carriers}[1 + i % {carrier_count}] AS carrier, 'lkr_' || lpad((1 + (i * 7919) % {lockers})::text, 26, '0') AS locker,
		1 + (i / {lockers}) % {cells} AS cell, now() - ({n} - i) * (interval '1 year' / {n}) AS at,
		CASE WHEN i > {ended} THEN (ARRAY['created','created','in_transit','in_transit','loading','ready_for_pickup','ready_for_pickup',
				'ready_for_pickup','ready_for_pickup','partly_picked_up','expired','withdrawing','returning'])[1 + (i / {carrier_count}) % 13]
			WHEN i % 30 = 0 THEN 'cancelled' WHEN i % 31 = 0 THEN 'returned' WHEN i % 501 = 0 THEN 'lost' ELSE 'picked_up' END AS state
	FROM generate_series(1::bigint, {n}) i`,
	"CREATE INDEX ON made (i)",
	"ANALYZE made",

	`INSERT INTO lockers (id, number, location, model, state, created_at)
	SELECT 'lkr_' || lpad(i::text, 26, '0'), 'G' || lpad(i::text, 6, '0'), location, model, state, created_at
	FROM lockers, generate_series(1, {lockers}) i WHERE id = '{pattern}'`,
	`INSERT INTO cells (locker, number, size, regime, state, doubtful, generation, shipment, layout, updated_at)
	SELECT 'lkr_' || lpad(i::text, 26, '0'), number, size, regime, 'free', false, 0, '', layout, updated_at
	FROM cells, generate_series(1, {lockers}) i WHERE locker = '{pattern}'`,
	`INSERT INTO journal_heads (locker, epoch, seq, hash, updated_at)
	SELECT 'lkr_' || lpad(i::text, 26, '0'), 1, 1, '', now() FROM generate_series(1, {lockers}) i`,
	`INSERT INTO feed_scopes (scope, position)
	SELECT 'locker:lkr_' || lpad(i::text, 26, '0'), {n} FROM generate_series(1, {lockers}) i`,
	`INSERT INTO feed_scopes (scope, position)
	SELECT 'events:organization:' || c, {n} FROM unnest({carriers}) c
	ON CONFLICT (scope) DO UPDATE SET position = excluded.position`,

	`INSERT INTO shipments (id, carrier, shop, number, locker, policy_name, policy_version, notify_by, language, issue, created_at,
		state, rev, ready_at, expires_at, ended_at, updated_at, life)
	SELECT m.id, carrier, '', 'N' || lpad(i::text, 9, '0'), locker, s.policy_name, s.policy_version, 'contact', 'en', 1, at,
		m.state, 6, at + interval '1 day', at + interval '4 days', CASE WHEN i <= {ended} THEN at + interval '2 days' END,
		at + interval '2 days', CASE WHEN i <= {ended} THEN {life} END
	FROM made m, (SELECT policy_name, policy_version FROM shipments LIMIT 1) s`,
	`INSERT INTO parcels (id, shipment, carrier, barcode, size, regime, dimensions, weight_g, state, cell, open, created_at)
	SELECT parcel, m.id, m.carrier, 'CB' || lpad(i::text, 12, '0'), 'M', 'ambient', p.dimensions, 0,
		CASE WHEN m.state IN ('created', 'in_transit') THEN 'expected' WHEN i > {ended} THEN 'in_cell' ELSE 'picked_up' END,
		CASE WHEN m.state IN ('created', 'in_transit') OR i <= {ended} THEN 0 ELSE m.cell END, i > {ended}, at
	FROM made m, (SELECT dimensions FROM parcels LIMIT 1) p`,
	`INSERT INTO contacts (shipment, name, phone, email, created_at)
	SELECT id, 'Client', '', 'client-' || i || '@example.test', at FROM made WHERE at > now() - interval '32 days' OR i > {ended}`,
	`INSERT INTO promises (parcel, shipment, locker, carrier, size, regime, created_at)
	SELECT parcel, id, locker, carrier, 'M', 'ambient', at FROM made WHERE state IN ('created', 'in_transit')`,
	`UPDATE cells c SET state = 'occupied', generation = 1, shipment = m.id FROM made m
	WHERE i > {ended} AND m.state NOT IN ('created', 'in_transit') AND c.locker = m.locker AND c.number = m.cell`,
	`INSERT INTO events (shipment, seq, id, type, at, parcel, locker, cell, operation, reason, created_at)
	SELECT id, seq, 'evt_' || lpad((i * 6 + seq)::text, 26, '0'),
		(ARRAY['shipment.created','shipment.in_transit','parcel.deposited','shipment.ready_for_pickup','parcel.picked_up','shipment.picked_up'])[1 + seq],
		at + seq * interval '8 hours', CASE WHEN seq IN (2, 4) THEN parcel ELSE '' END, locker, 0, '', '', at
	FROM made, generate_series(0, CASE state WHEN 'created' THEN 0 WHEN 'in_transit' THEN 1 WHEN 'picked_up' THEN 5 ELSE 3 END) seq`,
	`INSERT INTO feed (scope, position, id, type, at, data, created_at)
	SELECT 'events:organization:' || m.carrier, (m.i / {carrier_count}) * 6 + e.seq + 1, e.id, e.type, e.at,
		json_build_object('shipment', m.id, 'number', 'N' || lpad(m.i::text, 9, '0'), 'seq', e.seq, 'locker', m.locker), m.at
	FROM made m JOIN events e ON e.shipment = m.id WHERE m.at > now() - interval '90 days'`,
	`INSERT INTO directory (scope, kind, key, position, deleted, seen_epoch, seen_seq, body, updated_at)
	SELECT 'locker:' || m.locker, 'shipment', m.id, i, false, 0, 0, d.body, at
	FROM made m, (SELECT body FROM directory WHERE kind = 'shipment' LIMIT 1) d WHERE i > {ended}`,
	`INSERT INTO notifications (id, subject, kind, n, channel, template, state, uncertain, attempts, problem, created_at, sent_at)
	SELECT 'ntf_' || lpad(i::text, 26, '0'), id, 'ready', 0, 'email', 'ready/1', 'sent', false, 1, '', at, at
	FROM made WHERE state NOT IN ('created', 'in_transit')`,
	`INSERT INTO audit (at, actor, organization, action, object, detail, request)
	SELECT at, 'key_growth', carrier, 'shipment.create', id, '', 'growth' FROM made`,
	`INSERT INTO idempotency (organization, key, fingerprint, body, created_at)
	SELECT carrier, 'growth ' || i, 'growth', {life}, at FROM made WHERE i > {n} / 100 * 99`,
	// The newest of the network are open, as many in every size; a noisy locker has its own.
	`INSERT INTO incidents (id, key, kind, locker, cell, shipment, opened, resolved, evidence, reason)
	SELECT 'inc_' || lpad(i::text, 26, '0'), locker || '/door_jammed/cell-' || i, 'door_jammed', locker, 1, '', at,
		CASE WHEN i <= {incidents} - 60 AND (NOT noisy OR i / ({incidents} / {noise}) % 6 > 0) THEN at + interval '1 day' END, 'evidence', 'looked into'
	FROM (SELECT i, now() - ({incidents} - i) * (interval '1 year' / {incidents}) AS at, noisy,
			CASE WHEN noisy THEN 'lkr_' || lpad('{noisy}', 26, '0') ELSE 'lkr_' || lpad((10 + i % ({lockers} - 10))::text, 26, '0') END AS locker
		FROM (SELECT i, i % ({incidents} / {noise}) = 0 AS noisy FROM generate_series(1, {incidents}) i) x) y`,
	"DROP TABLE made",
	"VACUUM ANALYZE",
	"CHECKPOINT",
}
