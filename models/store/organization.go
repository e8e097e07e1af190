package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"slices"
	"strings"

	"gorm.io/gorm"

	"cubby/models"
)

// CreateOrganization makes an organization; a name in use is a conflict.
func (s *Store) CreateOrganization(ctx context.Context, r models.Request, o models.Organization) (models.Organization, error) {
	o.ID, o.Language = models.OrganizationID(s.ids.New(models.PrefixOrganization)), cmp.Or(o.Language, defaultLanguage)
	err := s.tx(ctx, "organization", func(t *tx) error {
		o.CreatedAt = t.now
		if err := insert(t, o); err != nil {
			return err
		}
		return t.audit(r, "organization.create", string(o.ID), string(o.Kind))
	})
	return o, err
}

// ChangeOrganization changes what is named of an organization, or returns not_found; a name in use is a conflict.
func (s *Store) ChangeOrganization(ctx context.Context, r models.Request, id models.OrganizationID, c models.OrganizationChange) (models.Organization, error) {
	var o models.Organization
	err := s.tx(ctx, "organization", func(t *tx) error {
		row, err := forUpdate[models.Organization](t).Where("id = ?", id).Take(t.ctx)
		if o, err = take(row, err, "There is no such organization."); err != nil {
			return err
		}
		c.Apply(&o)
		if err := t.db.Save(&o).Error; err != nil {
			return err
		}
		return t.audit(r, "organization.change", string(id), "") // an address is nothing for the audit
	})
	return o, err
}

// Organizations returns a page ordered by id.
func (s *Store) Organizations(ctx context.Context, p models.Page) ([]models.Organization, error) {
	return page[models.Organization](ctx, s, p, "id", "name")
}

// page reads a page of a table: rows after the cursor of which any of the columns contains
// what is searched for.
func page[T any](ctx context.Context, s *Store, p models.Page, columns ...string) ([]T, error) {
	query := gorm.G[T](s.read).Where("id > ?", p.Cursor)
	if p.Search != "" {
		search, args := contains(p.Search, columns...)
		query = query.Where(search, args...)
	}
	rows, err := query.Order("id").Limit(p.Limit).Find(ctx)
	return rows, mapError(err)
}

// contains makes a condition: any of the columns holds the text, in either case.
func contains(text string, columns ...string) (string, []any) {
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
	var where []string
	var args []any
	for _, c := range columns {
		where = append(where, "lower("+c+`) LIKE ? ESCAPE '\'`)
		args = append(args, pattern)
	}
	return "(" + strings.Join(where, " OR ") + ")", args
}

// BootstrapOperator returns the first organization that runs the network, and makes it
// where there is none, with an e-mail address for incidents or without.
func (s *Store) BootstrapOperator(ctx context.Context, name, email string) (o models.Organization, created bool, err error) {
	found, err := s.operators(ctx)
	if err != nil {
		return o, false, err
	}
	if len(found) > 0 {
		return found[0], false, nil
	}
	o, err = s.CreateOrganization(ctx, models.Request{}, models.Organization{Name: name, Kind: models.KindOperator, Email: email})
	return o, err == nil, err
}

// operators are the organizations that run the network, oldest first.
func (s *Store) operators(ctx context.Context) ([]models.Organization, error) {
	found, err := gorm.G[models.Organization](s.read).Where("kind = ?", models.KindOperator).Order("id").Find(ctx)
	return found, mapError(err)
}

// CreateKey makes a key. Its secret is returned here and nowhere else.
func (s *Store) CreateKey(ctx context.Context, n models.NewKey) (models.APIKey, string, error) {
	var raw [20]byte
	if err := s.random(raw[:]); err != nil {
		return models.APIKey{}, "", err
	}
	secret := "cubby_" + strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
	sum := sha256.Sum256([]byte(secret))
	key := models.APIKey{
		ID: models.KeyID(s.ids.New(models.PrefixKey)), Organization: n.Organization, Name: n.Name,
		Hash: hex.EncodeToString(sum[:]), Scopes: n.Scopes, Test: n.Test, ExpiresAt: utc(n.ExpiresAt),
	}
	err := s.tx(ctx, "key", func(t *tx) error {
		o, err := gorm.G[models.Organization](t.db).Where("id = ?", n.Organization).Take(t.ctx)
		if o, err = take(o, err, "There is no such organization."); err != nil {
			return err
		}
		if err := checkScopes(o, n); err != nil {
			return err
		}
		key.CreatedAt = t.now
		if err := insert(t, key); err != nil {
			return err
		}
		return t.audit(n.Request, "key.create", string(key.ID), string(n.Organization))
	})
	if err != nil {
		return models.APIKey{}, "", err
	}
	return key, secret, nil
}

// checkScopes refuses what would see and change every organization's shipments, or open any door,
// to others than operators, and to test keys.
func checkScopes(o models.Organization, n models.NewKey) error {
	var fields models.Fields
	for _, scope := range []models.Scope{models.ScopeOperator, models.ScopeRemote} {
		if !slices.Contains(n.Scopes, scope) {
			continue
		}
		if o.Kind != models.KindOperator {
			fields.Add("/scopes", "%s is for organizations of the kind operator", scope)
		}
		if n.Test {
			fields.Add("/test", "must be false with the scope %s, which is for all lockers", scope)
		}
	}
	return fields.Err()
}

// RevokeKey ends a key at once; ending it again changes nothing.
func (s *Store) RevokeKey(ctx context.Context, r models.Request, id models.KeyID) error {
	return s.tx(ctx, "key", func(t *tx) error {
		key, err := forUpdate[models.APIKey](t).Where("id = ?", id).Take(t.ctx)
		if key, err = take(key, err, "There is no such key."); err != nil || key.RevokedAt != nil {
			return err
		}
		if _, err := t.exec("UPDATE api_keys SET revoked_at = ? WHERE id = ?", t.now, id); err != nil {
			return err
		}
		return t.audit(r, "key.revoke", string(id), "")
	})
}

// Authenticate finds who a key belongs to by the hash of its secret.
func (s *Store) Authenticate(ctx context.Context, hash string) (models.Actor, error) {
	refused := models.Errorf(models.CodeUnauthorized, "The API key is not valid.")
	key, err := gorm.G[models.APIKey](s.read).Where("hash = ?", hash).Take(ctx)
	if key, err = take(key, err, ""); err != nil {
		if models.ErrorCode(err) == models.CodeNotFound {
			return models.Actor{}, refused
		}
		return models.Actor{}, err
	}
	if !key.Active(s.now()) {
		return models.Actor{}, refused
	}
	o, err := gorm.G[models.Organization](s.read).Where("id = ?", key.Organization).Take(ctx)
	if err != nil {
		return models.Actor{}, mapError(err)
	}
	return models.Actor{Key: key.ID, Organization: o.ID, Kind: o.Kind, Scopes: key.Scopes, Test: key.Test}, nil
}
