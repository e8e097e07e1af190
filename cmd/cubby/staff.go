package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cubby/api/desk"
	"cubby/models"
	"cubby/models/catalogue"
	"cubby/models/store"
)

// longestSecretLine bounds what is read of a password on standard input.
const longestSecretLine = 1 << 10

// byCommand is who acts at the command line.
func byCommand() models.Request {
	return models.Request{Actor: models.Actor{Key: "cli", Scopes: []models.Scope{models.ScopeOperator}}, ID: "cli"}
}

func runStaffAdd(ctx context.Context, p program, args []string) error {
	flags := p.flags("staff add")
	login := flags.String("login", "", "what the person signs in with: a-z, 0-9, dot, hyphen, underscore, @")
	name := flags.String("name", "", "the person's name, as colleagues see it; empty: the login")
	language := flags.String("language", catalogue.Fallback, "the language that the person reads at first")
	org := flags.String("organization", "", "the operator's id; empty: the operator that there is, or a new one")
	given := flags.Bool("password-stdin", false, "read the password from standard input; without, one is made")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	texts, err := catalogue.Load()
	switch {
	case err != nil:
		return err
	case !models.ValidLogin(*login):
		return fmt.Errorf("--login %q: 2 to 64 of a-z, 0-9, dot, hyphen, underscore and @", *login)
	case !slices.Contains(texts.Languages(), *language):
		return fmt.Errorf("--language %q: there are %s", *language, strings.Join(texts.Languages(), ", "))
	}
	return p.withPassword(ctx, *given, *asJSON, *login, func(s *store.Store, hash string) (models.StaffID, error) {
		person := models.Staff{
			Organization: models.OrganizationID(*org), Login: *login, Name: *name, Password: hash, Language: *language,
		}
		if person.Name == "" {
			person.Name = *login
		}
		if person.Organization == "" {
			operator, _, err := s.BootstrapOperator(ctx, "Operator", "")
			if err != nil {
				return "", err
			}
			person.Organization = operator.ID
		}
		made, err := s.CreateStaff(ctx, byCommand(), person)
		return made.ID, err
	})
}

func runStaffPassword(ctx context.Context, p program, args []string) error {
	flags := p.flags("staff password")
	login := flags.String("login", "", "whose")
	given := flags.Bool("password-stdin", false, "read the password from standard input; without, one is made")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return p.withPassword(ctx, *given, *asJSON, *login, func(s *store.Store, hash string) (models.StaffID, error) {
		return "", s.SetStaffPassword(ctx, byCommand(), *login, hash)
	})
}

func runStaffDisable(ctx context.Context, p program, args []string) error {
	flags := p.flags("staff disable")
	login := flags.String("login", "", "whose")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	defer closeStore(p, s)
	if err := s.DisableStaff(ctx, byCommand(), *login); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s cannot sign in any more; sessions have ended\n", *login)
	return nil
}

// withPassword takes or makes a password, has its hash kept, and shows one that it made.
func (p program) withPassword(ctx context.Context, given, asJSON bool, login string, keep func(*store.Store, string) (models.StaffID, error)) error {
	password := strings.ToLower(rand.Text()) // 130 random bits
	if given {
		raw, err := io.ReadAll(io.LimitReader(p.in, longestSecretLine))
		if err != nil {
			return err
		}
		if password = strings.TrimRight(string(raw), "\r\n"); strings.ContainsAny(password, "\r\n") {
			return errors.New("the password has more than one line")
		}
	}
	hash, err := desk.HashPassword(rand.Reader, password)
	if err != nil {
		return err
	}
	s, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	defer closeStore(p, s)
	id, err := keep(s, hash)
	if err != nil {
		return err
	}
	if given {
		password = ""
	}
	if asJSON {
		return json.NewEncoder(p.out).Encode(map[string]string{"staff": string(id), "login": login, "password": password})
	}
	fmt.Fprintf(p.out, "login    %s\n", login)
	if !given {
		fmt.Fprintf(p.out, "password %s   (shown once)\n", password)
	}
	return nil
}
