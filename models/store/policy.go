package store

import (
	"context"
	"errors"
	"strconv"

	"gorm.io/gorm"

	"cubby/models"
)

// newestPolicy returns the newest version of a policy; an unknown name is a wrong field of
// the announcement.
func (s *Store) newestPolicy(ctx context.Context, name string) (models.Policy, error) {
	row, err := gorm.G[models.StoredPolicy](s.read).Where("name = ?", name).Order("version DESC").Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		var fields models.Fields
		fields.Add("/policy", "is not a policy of this network")
		return models.Policy{}, fields.Err()
	}
	return row.Body, mapError(err)
}

// policyOf returns the version that a shipment was created with.
func policyOf(ctx context.Context, db *gorm.DB, s models.Shipment) (models.Policy, error) {
	row, err := gorm.G[models.StoredPolicy](db).Where("name = ? AND version = ?", s.PolicyName, s.PolicyVersion).Take(ctx)
	return row.Body, err
}

// Policies returns a page of the newest versions, ordered by name.
func (s *Store) Policies(ctx context.Context, p models.Page) ([]models.Policy, error) {
	query := gorm.G[models.StoredPolicy](s.read).
		Where("name > ? AND version = (SELECT max(version) FROM policies newest WHERE newest.name = policies.name)", p.Cursor)
	if p.Search != "" {
		where, args := contains(p.Search, "name")
		query = query.Where(where, args...)
	}
	rows, err := query.Order("name").Limit(p.Limit).Find(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	policies := make([]models.Policy, len(rows))
	for i, r := range rows {
		policies[i] = r.Body
	}
	return policies, nil
}

// PutPolicy stores a policy as the newest version of its name.
func (s *Store) PutPolicy(ctx context.Context, r models.Request, p models.Policy) (models.Policy, error) {
	err := s.tx(ctx, "policy", func(t *tx) error {
		newest := 0
		err := t.db.Raw("SELECT coalesce(max(version), 0) FROM policies WHERE name = ?", p.Name).Scan(&newest).Error
		if err != nil {
			return err
		}
		p.Version = newest + 1
		added, err := insertNew(t, models.StoredPolicy{Name: p.Name, Version: p.Version, Body: p, CreatedAt: t.now})
		if err != nil {
			return err
		}
		if added == 0 {
			return models.Errorf(models.CodeConflict, "Policy %s was changed at the same moment.", p.Name)
		}
		return t.audit(r, "policy.put", p.Name+"/"+strconv.Itoa(p.Version), "")
	})
	return p, err
}
