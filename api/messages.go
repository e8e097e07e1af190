package api

import (
	"context"
	"slices"

	"cubby/models"
)

// ListNotifications lists messages and what became of them.
func (s *server) ListNotifications(ctx context.Context, request ListNotificationsRequestObject) (ListNotificationsResponseObject, error) {
	params := request.Params
	q := models.NotificationQuery{
		Page: page(params.Cursor, params.Limit, nil), Actor: callOf(ctx).actor,
		Shipment: models.ShipmentID(or(params.Shipment, "")), State: models.NotificationState(or(params.State, "")),
		Kind: models.NoticeKind(or(params.Kind, "")), Channel: models.Channel(or(params.Channel, "")),
	}
	found, err := s.Messages.Notifications(ctx, q)
	if err != nil {
		return nil, err
	}
	return ListNotifications200JSONResponse{
		Items:      each(found, notificationBody),
		NextCursor: nextCursor(found, q.Limit, func(n models.NotificationView) string { return string(n.ID) }),
	}, nil
}

// ResendNotification has a message sent again.
func (s *server) ResendNotification(ctx context.Context, request ResendNotificationRequestObject) (ResendNotificationResponseObject, error) {
	if err := known(models.PrefixNotification, request.Id, "notification"); err != nil {
		return nil, err
	}
	n, err := s.Messages.Resend(ctx, callOf(ctx).request(), models.NotificationID(request.Id))
	if err != nil {
		return nil, err
	}
	return ResendNotification200JSONResponse(notificationBody(n)), nil
}

func notificationBody(n models.NotificationView) Notification {
	b := Notification{
		Id: string(n.ID), Shipment: optional(string(n.Shipment)), Kind: string(n.Kind), Channel: Channel(n.Channel),
		State: NotificationState(n.State), Recipient: optional(n.Recipient), Attempts: n.Attempts, Uncertain: n.Uncertain,
		Problem: optional(n.Problem), Instead: optional(string(n.Instead)), CreatedAt: n.CreatedAt, SentAt: n.SentAt, DeliveredAt: n.DeliveredAt,
	}
	if n.Kind.OfIncident() {
		b.Incident = optional(n.Subject)
	}
	return b
}

// textsOf is whose texts a call is about: its own organization's, or for an operator any, and the
// network's if none is named.
func textsOf(ctx context.Context, named *string) (models.OrganizationID, error) {
	a, of := callOf(ctx).actor, models.OrganizationID(or(named, ""))
	switch {
	case a.Operator():
		return of, nil
	case a.Organization == "" || of != "" && of != a.Organization:
		return "", noOrganization()
	}
	return a.Organization, nil
}

// noOrganization is what is told of an organization that is none of the caller's business, as of one that does not exist.
func noOrganization() error {
	return models.Errorf(models.CodeNotFound, "There is no organization with this id.")
}

// ListTemplates lists own texts.
func (s *server) ListTemplates(ctx context.Context, request ListTemplatesRequestObject) (ListTemplatesResponseObject, error) {
	of, err := textsOf(ctx, request.Params.Organization)
	if err != nil {
		return nil, err
	}
	found, err := s.Messages.Templates(ctx, of)
	if err != nil {
		return nil, err
	}
	return ListTemplates200JSONResponse{Items: each(found, func(t models.Template) Template { return templateBody(t, of) })}, nil
}

// placed is a template's place, which a path names, and whose it is.
func placed(ctx context.Context, organization *string, kind, channel, language string) (models.Template, error) {
	of, err := textsOf(ctx, organization)
	t := models.Template{Organization: of, Kind: models.NoticeKind(kind), Channel: models.Channel(channel), Language: language}
	if err == nil && (!slices.Contains(models.ClientKinds(), t.Kind) || !Channel(channel).Valid() || !Language(language).Valid()) {
		err = models.Errorf(models.CodeNotFound, "There is no such template.")
	}
	return t, err
}

// GetTemplate reads the text that is in use.
func (s *server) GetTemplate(ctx context.Context, request GetTemplateRequestObject) (GetTemplateResponseObject, error) {
	at, err := placed(ctx, request.Params.Organization, request.Kind, request.Channel, request.Language)
	if err != nil {
		return nil, err
	}
	t, err := s.Messages.Template(ctx, at.Organization, at.Kind, at.Channel, at.Language)
	if models.ErrorCode(err) == models.CodeNotFound {
		t, err = s.Texts.BuiltIn(at.Kind, at.Channel, at.Language)
	}
	if err != nil {
		return nil, err
	}
	return GetTemplate200JSONResponse(templateBody(t, at.Organization)), nil
}

// PutTemplate sets an own text.
func (s *server) PutTemplate(ctx context.Context, request PutTemplateRequestObject) (PutTemplateResponseObject, error) {
	t, err := placed(ctx, request.Params.Organization, request.Kind, request.Channel, request.Language)
	if err != nil {
		return nil, err
	}
	t.Subject, t.Body = or(request.Body.Subject, ""), request.Body.Body
	var f models.Fields
	if t.Check(&f); f.Err() != nil {
		return nil, f.Err()
	}
	if t, err = s.Messages.PutTemplate(ctx, callOf(ctx).request(), t); err != nil {
		return nil, err
	}
	return PutTemplate200JSONResponse(templateBody(t, t.Organization)), nil
}

// DeleteTemplate takes an own text away.
func (s *server) DeleteTemplate(ctx context.Context, request DeleteTemplateRequestObject) (DeleteTemplateResponseObject, error) {
	t, err := placed(ctx, request.Params.Organization, request.Kind, request.Channel, request.Language)
	if err != nil {
		return nil, err
	}
	if err := s.Messages.DeleteTemplate(ctx, callOf(ctx).request(), t); err != nil {
		return nil, err
	}
	return DeleteTemplate204Response{}, nil
}

// longestSMS is how many SMS a text may be before the preview warns.
const longestSMS = 2

// PreviewTemplate fills a text in with an example.
func (s *server) PreviewTemplate(_ context.Context, request PreviewTemplateRequestObject) (PreviewTemplateResponseObject, error) {
	b := request.Body
	t := models.Template{Kind: models.NoticeKind(b.Kind), Channel: models.Channel(b.Channel), Language: string(b.Language),
		Subject: or(b.Subject, ""), Body: b.Body}
	if !slices.Contains(models.ClientKinds(), t.Kind) {
		var f models.Fields
		f.Add("/kind", "is not a kind of message to clients")
		return nil, f.Err()
	}
	p, err := s.Texts.Preview(t)
	if err != nil {
		return nil, err
	}
	res := PreviewTemplate200JSONResponse{Subject: optional(p.Subject), Text: p.Text, Html: optional(p.HTML),
		Segments: optional(p.Segments), Encoding: optional(TemplatePreviewEncoding(p.Encoding)), Warnings: []string{}}
	var f models.Fields
	t.Check(&f)
	for _, field := range f {
		res.Warnings = append(res.Warnings, field.Pointer+" "+field.Detail)
	}
	if p.Segments > longestSMS {
		res.Warnings = append(res.Warnings, "this is more than two SMS")
	}
	return res, nil
}

// templateBody is a template as it is shown to who asked for the texts of an organization.
func templateBody(t models.Template, of models.OrganizationID) Template {
	b := Template{
		Source: SourceBuiltIn, Organization: optional(string(t.Organization)), Kind: string(t.Kind), Channel: Channel(t.Channel),
		Language: Language(t.Language), Subject: optional(t.Subject), Body: t.Body, Version: optional(t.Version),
	}
	switch {
	case t.Version == 0:
		return b
	case t.Organization == of:
		b.Source = SourceOwn
	default:
		b.Source = SourceNetwork
	}
	b.UpdatedAt = &t.UpdatedAt
	return b
}
