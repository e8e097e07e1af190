package scenes

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // the driver of the server's database

	"cubby/cmd/cubby-demo/people"
)

// The planted client. The phone is also looked for without its plus.
const (
	plantedName  = "Wilhelmina Quendlebury"
	plantedEmail = "quendlebury.w@example.org"
	plantedPhone = "+4915550123987"
)

// privacy: a client's name, phone, e-mail address and code are where they are needed and nowhere else: not in the histories
// of workflows, not in the outbox, facts or audit, not at the cabinet, not in a log.
func privacy(ctx context.Context, w *world) error {
	at, err := w.locker(ctx, 3)
	if err != nil {
		return err
	}
	announce := func() (people.Shipment, error) {
		a := w.announcement(at, 1)
		a.Contact = people.Contact{Name: plantedName, Email: plantedEmail, Phone: plantedPhone}
		if w.broken {
			a.Number += " " + plantedName
		}
		return w.carrier.Announce(ctx, "key of "+a.Number, a)
	}
	s, err := announce()
	if err != nil {
		return err
	}
	if err := w.courier(at).Deposit(ctx, labels(s)...); err != nil {
		return err
	}
	client := people.Client{Mail: w.stage.Mailbox(plantedEmail), At: at}
	if _, err := client.Code(ctx); err != nil {
		return err
	}
	var known []people.PickupCode
	for _, act := range []string{"", "reissue-code", "extend"} {
		if act != "" {
			if _, err := w.carrier.Act(ctx, s.ID, act, act+s.ID); err != nil {
				return err
			}
		}
		code, err := w.carrier.PickupCode(ctx, s.ID)
		if err != nil {
			return err
		}
		known = append(known, code)
	}
	if err := client.Pickup(ctx, known[len(known)-1].Code, labels(s)...); err != nil {
		return err
	}
	if _, err := w.carrier.AwaitState(ctx, s.ID, "picked_up"); err != nil {
		return err
	}

	// What waits in the outbox is seen while the engine is away.
	if err := w.stage.Part("temporal").Kill(); err != nil {
		return err
	}
	_, err = announce()
	tables, readErr := readTables(ctx, w.stage.DatabaseFile())
	err = errors.Join(err, readErr, w.restart(ctx, "temporal"))
	if err != nil {
		return err
	}
	return lookForPersons(w.stage.Dir(), s.Number, tables, needles(known))
}

// needles are what is looked for. A code is not part of a longer number.
func needles(known []people.PickupCode) map[string]*regexp.Regexp {
	found := map[string]*regexp.Regexp{}
	for what, text := range map[string]string{"name": plantedName, "e-mail": plantedEmail, "phone": strings.TrimPrefix(plantedPhone, "+")} {
		found[what] = regexp.MustCompile("(?i)" + regexp.QuoteMeta(text))
	}
	for _, k := range known {
		found["code "+k.Code] = regexp.MustCompile(`(^|[^0-9A-Za-z])` + k.Code[:4] + `[ -]?` + k.Code[4:] + `($|[^0-9A-Za-z])`)
		found["QR "+k.QR] = regexp.MustCompile(regexp.QuoteMeta(k.QR))
		found["page "+k.Page] = regexp.MustCompile(regexp.QuoteMeta(path.Base(k.Page)))
	}
	return found
}

// readTables reads all of the server's database but what may hold persons.
func readTables(ctx context.Context, file string) (tables map[string]string, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	names, err := db.QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('contacts', 'former_contacts')")
	if err != nil {
		return nil, err
	}
	defer names.Close()
	tables = map[string]string{}
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			return nil, err
		}
		if tables[name], err = readTable(ctx, db, name); err != nil {
			return nil, err
		}
	}
	return tables, names.Err()
}

func readTable(ctx context.Context, db *sql.DB, name string) (string, error) {
	rows, err := db.QueryContext(ctx, `SELECT * FROM "`+name+`"`)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		for _, v := range values {
			if raw, is := v.([]byte); is {
				v = string(raw)
			}
			fmt.Fprintf(&all, "%v\n", v)
		}
	}
	return all.String(), rows.Err()
}

// lookForPersons looks through the tables, and through every file of the product but the database's own; the play's mailboxes
// and its log of them are no part of it. That what should be there is found shows that the looking works.
func lookForPersons(dir, number string, tables map[string]string, wanted map[string]*regexp.Regexp) error {
	var found []string
	look := func(where string, text []byte) {
		for what, needle := range wanted {
			if needle.Match(text) {
				found = append(found, what+" in "+where)
			}
		}
	}
	for name, text := range tables {
		look("table "+name, []byte(text))
	}
	seen := map[string]bool{}
	for _, must := range []string{"outbox", "facts", "audit", "notifications", "events"} {
		if tables[must] == "" {
			return fmt.Errorf("table %s is empty: nothing was looked at", must)
		}
	}
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, file)
		switch {
		case err != nil:
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a file that came and went
			}
			return err
		case d.IsDir() && name == "inbox":
			return fs.SkipDir
		case !d.Type().IsRegular() || strings.HasPrefix(name, "cubby.db") || name == filepath.Join("log", "demo.log"):
			return nil
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		part, _, _ := strings.Cut(name, string(filepath.Separator))
		seen[part] = seen[part] || bytes.Contains(raw, []byte(number))
		look("file "+name, raw)
		return nil
	})
	if err != nil {
		return err
	}
	for _, part := range []string{"temporal", "cabinets"} {
		if !seen[part] {
			return fmt.Errorf("the number %s is not found in %s: nothing was looked at", number, part)
		}
	}
	if len(found) > 0 {
		slices.Sort(found)
		return fmt.Errorf("a person shows: %s", strings.Join(found, "; "))
	}
	return nil
}
