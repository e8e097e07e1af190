package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"strings"

	"cubby/models"
)

// keyBytes is the length of the keys in files.
const keyBytes = 32

func runKeyMaster(_ context.Context, p program, args []string) error {
	if err := p.flags("key master").Parse(args); err != nil {
		return err
	}
	return makeKey(p, "master key", p.config.masterKeyFile)
}

func runKeyData(_ context.Context, p program, args []string) error {
	if err := p.flags("key data").Parse(args); err != nil {
		return err
	}
	return makeKey(p, "data key", p.config.dataKeyFile)
}

func runKeySMS(_ context.Context, p program, args []string) error {
	if err := p.flags("key sms").Parse(args); err != nil {
		return err
	}
	return makeKey(p, "sms key", p.config.smsKeyFile)
}

// makeKey writes a key file. Never over an existing one: every code at every cabinet comes from
// the master key, every phone that wants no SMS is known by its hash, and what was sealed with the
// data key is lost with it.
func makeKey(p program, name, path string) error {
	if _, err := readKeyFile(name, path); err == nil {
		fmt.Fprintf(p.out, "there is a %s already: %s\n", name, path)
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key := make([]byte, keyBytes)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s written: %s\n", name, path)
	return nil
}

func readMasterKey(path string) ([]byte, error) { return readKeyFile("master key", path) }

func readDataKey(path string) ([]byte, error) { return readKeyFile("data key", path) }

// readKeyFile reads a key file; the command that makes it is "cubby key" and the name's first word.
func readKeyFile(name, path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s (make one with 'cubby key %s'): %w", name, strings.TrimSuffix(name, " key"), err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("%s: %s does not hold %d hex digits", name, path, 2*keyBytes)
	}
	return key, nil
}

func runKeyCreate(ctx context.Context, p program, args []string) error {
	flags := p.flags("key create")
	org := flags.String("organization", "", "the organization's id; empty: a new one of the kind and name, or the operator that there is")
	kind := flags.String("organization-kind", string(models.KindOperator), "kind of a new organization")
	name := flags.String("name", "Operator", "name of a new organization, and of the key")
	scopes := flags.String("scopes", string(models.ScopeOperator), "comma-separated: shipments, couriers, codes:read, webhooks, messages, operator")
	test := flags.Bool("test", false, "a test key: it sees test lockers alone")
	email := flags.String("email", "", "where a new organization is told of incidents")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	defer closeStore(p, s)
	request := byCommand()
	k := models.NewKey{Request: request, Organization: models.OrganizationID(*org), Name: *name, Test: *test}
	for scope := range strings.SplitSeq(*scopes, ",") {
		if !models.Scope(scope).Valid() {
			return fmt.Errorf("%q is not a scope", scope)
		}
		k.Scopes = append(k.Scopes, models.Scope(scope))
	}
	switch {
	case *email != "" && !validEmail(*email):
		return fmt.Errorf("%q is not an e-mail address", *email)
	case *email != "" && *org != "":
		return errors.New("--email is for a new organization")
	case *org != "":
	case models.OrganizationKind(*kind) == models.KindOperator:
		operator, created, err := s.BootstrapOperator(ctx, *name, *email)
		if err != nil {
			return err
		}
		if !created && *email != "" && *email != operator.Email {
			return errors.New("--email is for a new organization, and there is an operator with another address")
		}
		k.Organization = operator.ID
	case !models.OrganizationKind(*kind).Valid():
		return fmt.Errorf("%q is not a kind of organization", *kind)
	default:
		made, err := s.CreateOrganization(ctx, request, models.Organization{Name: *name, Kind: models.OrganizationKind(*kind), Email: *email})
		if err != nil {
			return err
		}
		k.Organization = made.ID
	}
	key, secret, err := s.CreateKey(ctx, k)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(p.out).Encode(map[string]string{
			"organization": string(k.Organization), "key": string(key.ID), "secret": secret,
		})
	}
	fmt.Fprintf(p.out, "organization %s\nkey          %s\nsecret       %s   (shown once)\n", k.Organization, key.ID, secret)
	return nil
}

// validEmail reports whether a text is one address and nothing beside it.
func validEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text
}
