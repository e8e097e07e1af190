package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strings"
	"time"

	"cubby/models"
)

const (
	shortestBadge, longestBadge = 4, 64
	madePIN                     = 6 // digits
)

var pinDigits = regexp.MustCompile(`^[0-9]{4,12}$`)

// runStaffBadgeAdd makes a technician's badge: the operator's, for the lockers that are named or for all.
func runStaffBadgeAdd(ctx context.Context, p program, args []string) error {
	flags := p.flags("staff badge add")
	badge := flags.String("badge", "", "what the badge's code says")
	lockers := flags.String("lockers", "", "ids of the lockers where it is good, with commas between; empty: all")
	until := flags.String("valid-until", "", "2026-12-31T00:00:00Z; empty: without end")
	given := flags.Bool("pin-stdin", false, "read the PIN from standard input; without, one is made")
	org := flags.String("organization", "", "the operator's id; empty: the operator that there is")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c := models.Courier{Organization: models.OrganizationID(*org), Role: models.RoleTechnician, Badge: *badge}
	if n := len(*badge); n < shortestBadge || n > longestBadge || strings.ContainsFunc(*badge, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("--badge: %d to %d printable ASCII characters without blanks", shortestBadge, longestBadge)
	}
	for l := range strings.SplitSeq(*lockers, ",") {
		if l != "" {
			c.Lockers = append(c.Lockers, models.LockerID(l))
		}
	}
	if *until != "" {
		end, err := time.Parse(time.RFC3339, *until)
		if err != nil || !end.After(time.Now()) {
			return errors.New("--valid-until: a time to come, such as 2026-12-31T00:00:00Z")
		}
		c.ValidUntil = &end
	}
	pin, err := p.pin(*given)
	if err != nil {
		return err
	}
	if c.PINHash, err = models.HashPIN(pin, rand.Reader); err != nil {
		return err
	}
	s, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	defer closeStore(p, s)
	if c.Organization == "" {
		operator, _, err := s.BootstrapOperator(ctx, "Operator", "")
		if err != nil {
			return err
		}
		c.Organization = operator.ID
	}
	made, err := s.CreateCourier(ctx, models.NewCourier{Request: byCommand(), Courier: c})
	if err != nil {
		return err
	}
	if *given {
		pin = ""
	}
	if *asJSON {
		return json.NewEncoder(p.out).Encode(map[string]string{"id": string(made.ID), "badge": made.Badge, "pin": pin})
	}
	fmt.Fprintf(p.out, "id    %s\nbadge %s\n", made.ID, made.Badge)
	if !*given {
		fmt.Fprintf(p.out, "pin   %s   (shown once)\n", pin)
	}
	return nil
}

// pin reads a PIN, or makes one.
func (p program) pin(given bool) (string, error) {
	if !given {
		n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%0*d", madePIN, n), nil
	}
	raw, err := io.ReadAll(io.LimitReader(p.in, longestSecretLine))
	if err != nil {
		return "", err
	}
	pin := strings.TrimRight(string(raw), "\r\n")
	if !pinDigits.MatchString(pin) {
		return "", errors.New("the PIN must be 4 to 12 digits")
	}
	return pin, nil
}

// runStaffBadgeSuspend lets a badge in nowhere any more: connected cabinets are told at once.
func runStaffBadgeSuspend(ctx context.Context, p program, args []string) error {
	return p.suspendBadge(ctx, "staff badge suspend", args, true)
}

func runStaffBadgeResume(ctx context.Context, p program, args []string) error {
	return p.suspendBadge(ctx, "staff badge resume", args, false)
}

func (p program) suspendBadge(ctx context.Context, name string, args []string, suspended bool) error {
	flags := p.flags(name)
	id := flags.String("id", "", "of the badge: cou_…")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	defer closeStore(p, s)
	c, err := s.SuspendCourier(ctx, byCommand(), models.CourierID(*id), suspended)
	if err != nil {
		return err
	}
	said := "may be used again"
	if suspended {
		said = "may not be used any more"
	}
	_, err = fmt.Fprintf(p.out, "%s %s\n", c.ID, said)
	return err
}
