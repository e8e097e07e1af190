package store

import (
	"fmt"
	"slices"
	"strings"

	"cubby/models"
)

// ofService reports whether a fact of the type is of what a technician does.
func ofService(t models.FactType) bool {
	return slices.Contains([]models.FactType{models.FactStaffIn, models.FactStaffOut, models.FactStaffOpen, models.FactStaffAct}, t)
}

// mayBeService reports whether a technician's act may be told by a fact of the type, and others' too.
func mayBeService(t models.FactType) bool {
	return slices.Contains([]models.FactType{models.FactCellOutOfService, models.FactCellInService, models.FactCellChecked}, t)
}

// technician is who a cabinet says was at work there, as the server knows them.
type technician struct {
	models.Courier
	Kind models.OrganizationKind // of the organization
}

// loadTechnicians reads who the facts of a batch name as technicians.
func (in *intake) loadTechnicians(facts []models.Fact) error {
	in.technicians = map[models.CourierID]technician{}
	var ids []models.CourierID
	for i, f := range facts {
		if ofService(f.Type) || mayBeService(f.Type) && in.data[i].Courier != "" {
			ids = append(ids, in.data[i].Courier)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	var found []models.Courier
	if err := in.db.Where("id IN ?", slices.Compact(ids)).Find(&found).Error; err != nil {
		return err
	}
	var of []models.Organization
	if err := in.db.Where("kind = ?", models.KindOperator).Find(&of).Error; err != nil {
		return err
	}
	for _, c := range found {
		t := technician{Courier: c}
		if slices.ContainsFunc(of, func(o models.Organization) bool { return o.ID == c.Organization }) {
			t.Kind = models.KindOperator
		}
		in.technicians[c.ID] = t
	}
	return nil
}

// notTheirs says why a fact names a technician who may not have done it, or is empty. What a record
// says now is not held against what was done before it was changed, nor a guessed clock against
// anyone: only that there is such a technician of the operator.
func (in *intake) notTheirs(f models.Fact, d models.FactData) string {
	t, known := in.technicians[d.Courier]
	switch {
	case !ofService(f.Type) && (!mayBeService(f.Type) || t.Role != models.RoleTechnician):
		return ""
	case !known || t.Role != models.RoleTechnician || t.Kind != models.KindOperator:
		return "it names no technician of the operator"
	case f.AtMS < t.Rev || f.Clock != models.ClockSynced:
		return ""
	case f.Type != models.FactStaffOut && !t.Allowed(in.locker, f.At()):
		return "its technician may not work there"
	}
	return ""
}

// served records what a technician did, once and for all, and opens an incident of a cell that was
// not empty: one for each opening.
func (in *intake) served(f models.Fact, d models.FactData) error {
	t, known := in.technicians[d.Courier]
	if !known || t.Role != models.RoleTechnician {
		return nil
	}
	var detail []string
	if f.Cell != 0 {
		detail = append(detail, fmt.Sprintf("cell %d", f.Cell))
	}
	for _, word := range []string{d.Device, d.Reason} {
		if word != "" {
			detail = append(detail, fmt.Sprintf("%.*s", maxDevice, word))
		}
	}
	err := insert(in.tx, models.AuditEntry{
		At: in.now, Actor: string(t.ID), Organization: t.Organization, Action: "cabinet." + string(f.Type), Object: string(in.locker),
		Detail: strings.Join(detail, ", "), Request: f.Key(in.locker),
	})
	if err != nil || f.Type != models.FactStaffOpen || d.Reason == models.EntryFree {
		return err
	}
	return in.openIncident(models.Incident{
		Key:  models.IncidentKey(in.locker, models.IncidentStaffOpen, f.Cell, "") + "/" + string(f.Operation),
		Kind: models.IncidentStaffOpen, Locker: in.locker, Cell: f.Cell, Shipment: d.Shipment,
		Evidence: f.Key(in.locker) + ": " + string(t.ID) + fmt.Sprintf(", %.*s", maxDevice, d.Reason),
	})
}
