package store

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"cubby/models"
)

// template returns the text of the first of the organizations that has one, or the network's;
// not_found if there is none.
func (s *Store) template(ctx context.Context, of []models.OrganizationID, k models.NoticeKind, c models.Channel, language string) (models.Template, error) {
	parties := slices.DeleteFunc(of, func(o models.OrganizationID) bool { return o == "" })
	for _, organization := range append(parties, "") {
		t, err := gorm.G[models.Template](s.read).
			Where("organization = ? AND kind = ? AND channel = ? AND language = ?", organization, k, c, language).Take(ctx)
		if t, err = take(t, err, "There is no such template."); models.ErrorCode(err) != models.CodeNotFound {
			return t, err
		}
	}
	return models.Template{}, models.Errorf(models.CodeNotFound, "There is no such template.")
}

// Template returns an organization's own text, or the network's; not_found if there is none.
func (s *Store) Template(ctx context.Context, of models.OrganizationID, k models.NoticeKind, c models.Channel, language string) (models.Template, error) {
	return s.template(ctx, []models.OrganizationID{of}, k, c, language)
}

// Templates returns all own texts of an organization, or of the network, in order.
func (s *Store) Templates(ctx context.Context, of models.OrganizationID) ([]models.Template, error) {
	found, err := gorm.G[models.Template](s.read).Where("organization = ?", of).Order("kind, channel, language").Find(ctx)
	return found, mapError(err)
}

// textsOfAll refuses a test key: an organization's texts go to its real clients too.
func textsOfAll(a models.Actor) error {
	if a.Test {
		return models.Errorf(models.CodeForbidden, "A test key changes no texts: they are those of real messages too.")
	}
	return nil
}

// PutTemplate stores an own text as the next version.
func (s *Store) PutTemplate(ctx context.Context, r models.Request, made models.Template) (models.Template, error) {
	if err := textsOfAll(r.Actor); err != nil {
		return made, err
	}
	err := s.tx(ctx, "template", func(t *tx) error {
		if made.Organization != "" {
			n, err := gorm.G[models.Organization](t.db).Where("id = ?", made.Organization).Count(t.ctx, "*")
			if err != nil {
				return err
			}
			if n == 0 {
				return models.Errorf(models.CodeNotFound, "There is no such organization.")
			}
		}
		made.UpdatedAt = t.now
		err := t.db.Raw(`INSERT INTO templates (organization, kind, channel, language, subject, body, version, updated_at) VALUES (?, ?, ?, ?, ?, ?, 1, ?)
			ON CONFLICT (organization, kind, channel, language) DO UPDATE SET subject = excluded.subject, body = excluded.body,
			version = templates.version + 1, updated_at = excluded.updated_at RETURNING version`,
			made.Organization, made.Kind, made.Channel, made.Language, made.Subject, made.Body, made.UpdatedAt).Scan(&made.Version).Error
		if err != nil {
			return err
		}
		return t.audit(r, "template.put", templateKey(made), fmt.Sprintf("version %d", made.Version))
	})
	return made, err
}

// DeleteTemplate takes an own text away: the network's or the built-in one is in its place.
func (s *Store) DeleteTemplate(ctx context.Context, r models.Request, gone models.Template) error {
	if err := textsOfAll(r.Actor); err != nil {
		return err
	}
	return s.tx(ctx, "template", func(t *tx) error {
		n, err := t.exec("DELETE FROM templates WHERE organization = ? AND kind = ? AND channel = ? AND language = ?",
			gone.Organization, gone.Kind, gone.Channel, gone.Language)
		if err != nil {
			return err
		}
		if n == 0 {
			return models.Errorf(models.CodeNotFound, "There is no such template.")
		}
		return t.audit(r, "template.delete", templateKey(gone), "")
	})
}

func templateKey(t models.Template) string {
	return fmt.Sprintf("%s/%s/%s/%s", t.Organization, t.Kind, t.Channel, t.Language)
}
