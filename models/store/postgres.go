package store

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"cubby/models"
)

const (
	postgresConnections = 24
	// connectionAge lets a pool follow a server that moved.
	connectionAge = 30 * time.Minute
	// idleLimit ends a transaction whose process has stopped in the middle of it, frozen or cut off: its locks would hold
	// everyone up until it went on. Between two statements a process that runs takes milliseconds.
	idleLimit = 3 * time.Second
)

func (s *Store) openPostgres(ctx context.Context, dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The cause may quote the URL with its password: it is left out.
		return models.Errorf(models.CodeInvalid, "the database URL is not one that Postgres understands")
	}
	const idleSetting = "idle_in_transaction_session_timeout"
	if _, chosen := config.RuntimeParams[idleSetting]; !chosen {
		config.RuntimeParams[idleSetting] = strconv.FormatInt(idleLimit.Milliseconds(), 10)
	}
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}))
	pool.SetMaxOpenConns(postgresConnections)
	pool.SetMaxIdleConns(postgresConnections)
	pool.SetConnMaxLifetime(connectionAge)
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close()
		return err
	}
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}), s.config())
	if err != nil {
		_ = pool.Close()
		return err
	}
	s.write, s.read, s.postgres, s.close = db, db, true, pool.Close
	return nil
}
