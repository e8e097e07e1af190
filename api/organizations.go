package api

import (
	"context"

	"cubby/models"
)

// ListOrganizations lists organizations.
func (s *server) ListOrganizations(ctx context.Context, request ListOrganizationsRequestObject) (ListOrganizationsResponseObject, error) {
	p := page(request.Params.Cursor, request.Params.Limit, request.Params.Search)
	organizations, err := s.Network.Organizations(ctx, p)
	if err != nil {
		return nil, err
	}
	return ListOrganizations200JSONResponse{
		Items:      each(organizations, organizationBody),
		NextCursor: nextCursor(organizations, p.Limit, func(o models.Organization) string { return string(o.ID) }),
	}, nil
}

// CreateOrganization makes an organization.
func (s *server) CreateOrganization(ctx context.Context, request CreateOrganizationRequestObject) (CreateOrganizationResponseObject, error) {
	b := request.Body
	o, err := s.Network.CreateOrganization(ctx, callOf(ctx).request(), models.Organization{
		Name: b.Name, Kind: models.OrganizationKind(b.Kind), Email: or(b.Email, ""), Language: string(or(b.Language, En)),
	})
	if err != nil {
		return nil, err
	}
	return CreateOrganization201JSONResponse(organizationBody(o)), nil
}

// ChangeOrganization changes an organization.
func (s *server) ChangeOrganization(ctx context.Context, request ChangeOrganizationRequestObject) (ChangeOrganizationResponseObject, error) {
	if err := known(models.PrefixOrganization, request.Id, "organization"); err != nil {
		return nil, err
	}
	b := request.Body
	c := models.OrganizationChange{Name: b.Name, Email: b.Email}
	if b.Language != nil {
		language := string(*b.Language)
		c.Language = &language
	}
	o, err := s.Network.ChangeOrganization(ctx, callOf(ctx).request(), models.OrganizationID(request.Id), c)
	if err != nil {
		return nil, err
	}
	return ChangeOrganization200JSONResponse(organizationBody(o)), nil
}

func organizationBody(o models.Organization) Organization {
	return Organization{
		Id: string(o.ID), Name: o.Name, Kind: OrganizationKind(o.Kind), Email: optional(o.Email), Language: Language(o.Language), CreatedAt: o.CreatedAt,
	}
}
