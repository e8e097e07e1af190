package api

import (
	"context"

	"cubby/models"
)

// ListIncidents lists what people should look at.
func (s *server) ListIncidents(ctx context.Context, request ListIncidentsRequestObject) (ListIncidentsResponseObject, error) {
	params := request.Params
	q := models.IncidentQuery{
		Page: page(params.Cursor, params.Limit, params.Search), Open: or(params.Open, false), Locker: models.LockerID(or(params.Locker, "")),
	}
	incidents, err := s.Incidents.Incidents(ctx, q)
	if err != nil {
		return nil, err
	}
	return ListIncidents200JSONResponse{
		Items:      each(incidents, incidentBody),
		NextCursor: nextCursor(incidents, q.Limit, func(i models.Incident) string { return string(i.ID) }),
	}, nil
}

// ResolveIncident closes an incident.
func (s *server) ResolveIncident(ctx context.Context, request ResolveIncidentRequestObject) (ResolveIncidentResponseObject, error) {
	if err := known(models.PrefixIncident, request.Id, "incident"); err != nil {
		return nil, err
	}
	i, err := s.Incidents.ResolveIncident(ctx, callOf(ctx).request(), models.IncidentID(request.Id), request.Body.Reason)
	if err != nil {
		return nil, err
	}
	return ResolveIncident200JSONResponse(incidentBody(i)), nil
}

func incidentBody(i models.Incident) Incident {
	return Incident{
		Id: string(i.ID), Kind: string(i.Kind), Locker: string(i.Locker), Cell: optional(i.Cell),
		Shipment: optional(string(i.Shipment)), Opened: i.Opened, Resolved: i.Resolved,
		Evidence: optional(i.Evidence), Reason: optional(i.Reason),
	}
}

// ListClientReports lists what clients told that an incident is about.
func (s *server) ListClientReports(ctx context.Context, request ListClientReportsRequestObject) (ListClientReportsResponseObject, error) {
	if err := known(models.PrefixIncident, request.Id, "incident"); err != nil {
		return nil, err
	}
	reports, err := s.Incidents.ClientReports(ctx, callOf(ctx).request(), models.IncidentID(request.Id))
	if err != nil {
		return nil, err
	}
	return ListClientReports200JSONResponse{Items: each(reports, func(r models.ClientReport) ClientReport {
		return ClientReport{
			Id: string(r.ID), Shipment: string(r.Shipment), Problem: ClientReportProblem(r.Problem), Text: optional(r.Text), At: r.CreatedAt,
		}
	})}, nil
}
