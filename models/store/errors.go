package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	gosqlite "github.com/glebarez/go-sqlite"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"cubby/models"
)

// SQLite's result codes (sqlite.org/rescode.html); the low byte is the primary code.
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteInterrupt  = 9
	sqliteIO         = 10
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

// Postgres' SQLSTATEs (postgresql.org/docs/15/errcodes-appendix.html).
const (
	pgUnique        = "23505"
	pgForeignKey    = "23503"
	pgSerialization = "40001"
	pgDeadlock      = "40P01"
	pgLockTimeout   = "55P03"
	pgReadOnly      = "25006" // the primary became a standby
	pgIdle          = "25P03" // this process stood still in the middle of a transaction
)

// mapError turns what the drivers say into a domain error, once: every exported method
// returns its errors through here. A domain error passes as it is; what nobody expects
// stays as it is too and counts as internal.
func mapError(err error) error {
	var domain *models.Error
	var pg *pgconn.PgError
	var lite *gosqlite.Error
	switch {
	case err == nil || errors.As(err, &domain):
		return err
	case errors.Is(err, gorm.ErrRecordNotFound):
		return models.Wrap(models.CodeNotFound, err, "It does not exist.")
	case errors.As(err, &pg):
		return mapPostgres(pg, err)
	case errors.As(err, &lite):
		return mapSQLite(lite, err)
	case noConnection(err):
		return unavailable(err)
	}
	return err
}

func mapPostgres(pg *pgconn.PgError, err error) error {
	switch pg.Code {
	case pgUnique:
		return unique(pg.ConstraintName, err)
	case pgForeignKey:
		return missing(err)
	case pgSerialization, pgDeadlock, pgLockTimeout, pgReadOnly, pgIdle:
		return unavailable(err)
	}
	if len(pg.Code) == 5 {
		switch pg.Code[:2] {
		case "08", "53", "57": // connection, resources, operator intervention
			return unavailable(err)
		case "22": // data exception, such as a NUL character in a text
			return models.Wrap(models.CodeInvalid, err, "A value cannot be stored.")
		}
	}
	return err
}

func mapSQLite(lite *gosqlite.Error, err error) error {
	switch lite.Code() {
	case sqliteUnique, sqlitePrimaryKey:
		// "… UNIQUE constraint failed: shipments.carrier, shipments.number (2067)"
		_, columns, _ := strings.Cut(lite.Error(), "UNIQUE constraint failed: ")
		columns, _, _ = strings.Cut(columns, " (")
		return unique(columns, err)
	case sqliteForeignKey:
		return missing(err)
	}
	switch lite.Code() & 0xff {
	case sqliteBusy, sqliteLocked, sqliteInterrupt, sqliteIO, sqliteFull, sqliteCantOpen:
		return unavailable(err)
	}
	return err
}

// unique names a violated constraint: Postgres gives the index, SQLite the columns.
func unique(constraint string, err error) error {
	switch constraint {
	case "shipments_carrier_number", "shipments.carrier, shipments.number":
		return models.Wrap(models.CodeNumberUsed, err, "The carrier has a shipment with this number already.")
	case "parcels_open_barcode", "parcels.carrier, parcels.barcode":
		return models.Wrap(models.CodeBarcodeUsed, err, "A parcel of the carrier that is not gone yet has this barcode.")
	case "locker_aliases_carrier_alias", "locker_aliases.carrier, locker_aliases.alias":
		return models.Wrap(models.CodeConflict, err, "The carrier calls another locker so already.")
	case "organizations_name", "organizations.name":
		return models.Wrap(models.CodeConflict, err, "An organization has this name already.")
	case "cabinet_models_name", "cabinet_models.name":
		return models.Wrap(models.CodeConflict, err, "A cabinet model has this name already.")
	case "lockers_number", "lockers.number":
		return models.Wrap(models.CodeConflict, err, "A locker has this number already.")
	case "couriers_badge", "couriers.badge":
		return models.Wrap(models.CodeConflict, err, "A courier has this badge already.")
	case "staff_login", "staff.login":
		return models.Wrap(models.CodeConflict, err, "A person of the staff has this login already.")
	case "certificates_key", "certificates.public_key_hash":
		return models.Wrap(models.CodeKeyUsed, err, "This key has a certificate already: make a new key.")
	}
	return err
}

func missing(err error) error {
	return models.Wrap(models.CodeNotFound, err, "Something that this refers to does not exist.")
}

func unavailable(err error) error {
	return models.Wrap(models.CodeUnavailable, err, "The database does not answer at the moment. Please try again.")
}

// noConnection reports whether the database could not be asked, or the caller's time was
// over before it answered.
func noConnection(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// again reports whether the same transaction may well succeed when it is run again.
func again(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == pgSerialization || pg.Code == pgDeadlock)
}
