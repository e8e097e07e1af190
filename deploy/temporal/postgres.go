package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// Each of the four services opens its own pools, so these sizes keep the whole
// server near 50 connections, half of what Postgres allows by default.
const (
	mainConnections       = 8
	visibilityConnections = 4
)

// The advisory lock is held in the main database for as long as the server runs.
const (
	serverLock     = 0x63756262795f7470 // "cubby_tp"
	serverLockWait = 10 * time.Second   // a killed predecessor's session may linger
)

func openPostgres(ctx context.Context, dsn string, logger log.Logger) (store, error) {
	conn, err := pgx.ParseConfig(dsn)
	if err != nil {
		return store{}, err
	}
	attributes, err := connectAttributes(dsn)
	if err != nil {
		return store{}, err
	}
	main := sqlConfig(conn, attributes, "temporal", mainConnections)
	visibility := sqlConfig(conn, attributes, "temporal_visibility", visibilityConnections)

	if err := createDatabases(ctx, conn, main.DatabaseName, visibility.DatabaseName); err != nil {
		return store{}, err
	}
	unlock, err := lockDatabase(ctx, conn, main.DatabaseName)
	if err != nil {
		return store{}, err
	}
	for _, s := range []struct {
		cfg    *config.SQL
		schema string
	}{
		{main, "postgresql/v12/temporal"},
		{visibility, "postgresql/v12/visibility"},
	} {
		if err := migratePostgres(s.cfg, s.schema, logger); err != nil {
			unlock()
			return store{}, fmt.Errorf("schema of %s: %w", s.cfg.DatabaseName, err)
		}
	}
	return store{main: main, visibility: visibility, close: unlock}, nil
}

// connectAttributes are the query parameters of the connection string, except
// those that sqlConfig takes from the parsed form.
func connectAttributes(dsn string) (map[string]string, error) {
	u, err := url.Parse(dsn)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return nil, errors.New("want a connection string like postgres://user:password@host:port/")
	}
	attributes := map[string]string{}
	for key, values := range u.Query() {
		switch key {
		case "host", "port", "user", "password", "dbname", "database":
		default:
			attributes[key] = values[0]
		}
	}
	return attributes, nil
}

func sqlConfig(conn *pgx.ConnConfig, attributes map[string]string, database string, connections int) *config.SQL {
	cfg := &config.SQL{
		PluginName:        postgresql.PluginNamePGX,
		User:              url.PathEscape(conn.User), // the plug-in escapes the password alone
		Password:          conn.Password,
		DatabaseName:      database,
		ConnectProtocol:   "tcp",
		ConnectAttributes: map[string]string{},
		MaxConns:          connections,
		MaxIdleConns:      connections,
	}
	for key, value := range attributes {
		cfg.ConnectAttributes[key] = value
	}
	port := strconv.Itoa(int(conn.Port))
	if strings.HasPrefix(conn.Host, "/") { // the folder of a Unix socket
		cfg.ConnectAttributes["host"] = conn.Host
		cfg.ConnectAttributes["port"] = port
	} else {
		cfg.ConnectAddr = net.JoinHostPort(conn.Host, port)
	}
	return cfg
}

// createDatabases looks before it creates: a user without the right to create
// databases may use those that an administrator made.
func createDatabases(ctx context.Context, conn *pgx.ConnConfig, names ...string) error {
	maintenance := conn.Copy()
	if maintenance.Database == "" {
		maintenance.Database = "postgres"
	}
	db, err := pgx.ConnectConfig(ctx, maintenance)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	for _, name := range names {
		var found bool
		err := db.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&found)
		if err != nil {
			return err
		}
		if found {
			continue
		}
		if _, err := db.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("create database %s: %w", name, err)
		}
	}
	return nil
}

// lockDatabase makes sure that this process alone serves the database: two
// servers would each believe they own every shard.
func lockDatabase(ctx context.Context, conn *pgx.ConnConfig, database string) (unlock func(), err error) {
	session := conn.Copy()
	session.Database = database
	ctx, cancel := context.WithTimeout(ctx, serverLockWait)
	defer cancel()
	db, err := pgx.ConnectConfig(ctx, session)
	if err != nil {
		return nil, err
	}
	closeSession := func() { _ = db.Close(context.Background()) }
	if _, err := db.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(serverLock)); err != nil {
		closeSession()
		return nil, fmt.Errorf("database %s: does another server use it?: %w", database, err)
	}
	return closeSession, nil
}

// migratePostgres brings the schema to this server's version. Every step is
// repeatable except the very first, which is therefore redone from nothing when
// an earlier start died inside it: no data can exist by then.
func migratePostgres(cfg *config.SQL, schemaName string, logger log.Logger) error {
	conn, err := sql.NewConnection(cfg, logger)
	if err != nil {
		return err
	}
	defer conn.Close()
	version, err := conn.ReadSchemaVersion()
	unversioned := err != nil // no version table yet
	if unversioned || version == initialSchema {
		setup := &schema.SetupConfig{InitialVersion: initialSchema, Overwrite: !unversioned}
		if err := schema.NewSetupSchemaTask(conn, setup, logger).Run(); err != nil {
			return err
		}
	}
	update := &schema.UpdateConfig{SchemaName: schemaName}
	return schema.NewUpdateSchemaTask(conn, update, logger).Run()
}

// initialSchema is the version of a database that has the version tables only.
const initialSchema = "0.0"
