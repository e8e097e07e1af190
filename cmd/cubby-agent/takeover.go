package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"cubby/agent/cabinet"
	"cubby/agent/host"
	"cubby/models"
)

// maxTakeover bounds a list of contents: the largest cabinets have some hundred cells.
const maxTakeover = 1 << 20

// How the cells that a list does not name are taken.
const (
	restEmpty    = "empty"
	restDoubtful = "doubtful"
)

// takeover is what the program that runs is asked.
type takeover struct {
	Rows      []cabinet.TakeoverRow `json:"rows"`
	RestEmpty bool                  `json:"rest_empty"`
	Partial   bool                  `json:"partial"`
}

// columns of a list of contents.
func columns() []string { return []string{"cell", "barcode", "carrier", "state"} }

// parseContents reads a list of contents, and tells all that is wrong with its form at once.
func parseContents(raw []byte) ([]cabinet.TakeoverRow, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff")))) // spreadsheets write a mark of the encoding
	r.FieldsPerRecord, r.TrimLeadingSpace = len(columns()), true
	head, err := r.Read()
	if err != nil && !errors.Is(err, csv.ErrFieldCount) || !slices.Equal(head, columns()) {
		return nil, fmt.Errorf("the first line must be %s", strings.Join(columns(), ","))
	}
	var rows []cabinet.TakeoverRow
	var wrong []error
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			wrong = append(wrong, err)
			if errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			break // where the next line begins is not known
		}
		line, _ := r.FieldPos(0)
		row, err := parseRow(fields)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("line %d: %w", line, err))
		}
		row.Line = line
		rows = append(rows, row)
	}
	return rows, errors.Join(wrong...)
}

func parseRow(fields []string) (row cabinet.TakeoverRow, err error) {
	var wrong []error
	if row.Cell, err = strconv.Atoi(fields[0]); err != nil {
		wrong = append(wrong, fmt.Errorf("cell must be a number, not %q", fields[0]))
	}
	row.Barcode, row.Carrier = fields[1], models.OrganizationID(fields[2])
	if !models.ValidID(models.PrefixOrganization, fields[2]) {
		wrong = append(wrong, fmt.Errorf("carrier must be the id of an organization (%s_…), not %q", models.PrefixOrganization, fields[2]))
	}
	switch fields[3] {
	case "sure":
		row.Sure = true
	case "unsure":
	default:
		wrong = append(wrong, fmt.Errorf("state must be sure or unsure, not %q", fields[3]))
	}
	return row, errors.Join(wrong...)
}

// takeOver serves POST /takeover: 200 with a report, also when nothing was applied.
func takeOver(h *host.Host, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in takeover
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxTakeover)).Decode(&in); err != nil {
			answer(w, nil, models.Wrap(models.CodeInvalid, err, "the list of contents cannot be read"))
			return
		}
		report, err := h.TakeOver(r.Context(), cabinet.Takeover{Rows: in.Rows, RestEmpty: in.RestEmpty, Partial: in.Partial})
		if err == nil {
			log.Warn("a list of contents was given", "rows", len(in.Rows), "applied", report.Applied)
		}
		answer(w, report, err)
	}
}

func runTakeover(ctx context.Context, p program, args []string) error {
	var file, rest string
	var in takeover
	c, err := p.configured("takeover", args, func(f *flag.FlagSet) {
		f.StringVar(&file, "file", "", "the list of contents: "+strings.Join(columns(), ","))
		f.StringVar(&rest, "rest", restDoubtful, "what the cells are that it does not name: empty or doubtful")
		f.BoolVar(&in.Partial, "partial", false, "take what can be taken, also if rows are refused")
	})
	if err != nil {
		return err
	}
	if file == "" || rest != restEmpty && rest != restDoubtful {
		return errors.New("--file is needed, and --rest is empty or doubtful")
	}
	in.RestEmpty = rest == restEmpty
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if in.Rows, err = parseContents(raw); err != nil {
		return fmt.Errorf("%s: nothing is taken over:\n%w", file, err)
	}
	var report cabinet.TakeoverReport
	err = c.ask(ctx, http.MethodPost, "/takeover", in, &report)
	if errors.Is(err, errNotRunning) {
		// It alone writes the store, and knows from the server what is announced.
		return errors.New("the program does not run: start it (systemctl start cubby-agent), then try again")
	}
	if err != nil {
		return err
	}
	return printTakeover(p.out, report, rest)
}

// printTakeover prints a line for each row. An error says that some are refused.
func printTakeover(w io.Writer, report cabinet.TakeoverReport, rest string) error {
	t := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	fmt.Fprintln(t, "LINE\tCELL\tBARCODE\tSTATE\tRESULT\tDETAIL")
	refused := 0
	for _, r := range report.Rows {
		detail := string(r.Shipment)
		if r.Verdict == cabinet.TakeoverRefused {
			refused++
			detail = r.Reason
		}
		state := map[bool]string{true: "sure", false: "unsure"}[r.Sure]
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%s\n", r.Line, r.Cell, r.Barcode, state, r.Verdict, detail)
	}
	for _, cell := range report.Rest {
		fmt.Fprintf(t, "-\t%d\t-\t-\t%s\tnot in the list\n", cell, rest)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	switch {
	case report.Reason != "":
		return fmt.Errorf("nothing was taken over: %s", report.Reason)
	case !report.Applied:
		return fmt.Errorf("nothing was taken over: %d of %d rows are refused; correct them, or add --partial", refused, len(report.Rows))
	case refused > 0:
		return fmt.Errorf("%d of %d rows were refused, the others are taken over", refused, len(report.Rows))
	}
	return nil
}
