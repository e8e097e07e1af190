package api

import (
	"context"

	"cubby/models"
)

// GetNetworkScreen reads how all screens present themselves.
func (s *server) GetNetworkScreen(ctx context.Context, _ GetNetworkScreenRequestObject) (GetNetworkScreenResponseObject, error) {
	p, err := s.Network.NetworkScreen(ctx)
	return GetNetworkScreen200JSONResponse(screenBody(p)), err
}

// PutNetworkScreen says how all screens present themselves.
func (s *server) PutNetworkScreen(ctx context.Context, request PutNetworkScreenRequestObject) (PutNetworkScreenResponseObject, error) {
	p, err := newScreen(*request.Body)
	if err != nil {
		return nil, err
	}
	p, err = s.Network.PutNetworkScreen(ctx, callOf(ctx).request(), p)
	return PutNetworkScreen200JSONResponse(screenBody(p)), err
}

// GetLockerScreen reads how one screen presents itself.
func (s *server) GetLockerScreen(ctx context.Context, request GetLockerScreenRequestObject) (GetLockerScreenResponseObject, error) {
	if _, err := s.locker(ctx, request.Id); err != nil {
		return nil, err
	}
	v, err := s.Network.LockerScreen(ctx, models.LockerID(request.Id))
	return GetLockerScreen200JSONResponse(lockerScreenBody(v)), err
}

// PutLockerScreen says how one screen presents itself.
func (s *server) PutLockerScreen(ctx context.Context, request PutLockerScreenRequestObject) (PutLockerScreenResponseObject, error) {
	if _, err := s.locker(ctx, request.Id); err != nil {
		return nil, err
	}
	p, err := newScreen(*request.Body)
	if err != nil {
		return nil, err
	}
	v, err := s.Network.PutLockerScreen(ctx, callOf(ctx).request(), models.LockerID(request.Id), p)
	return PutLockerScreen200JSONResponse(lockerScreenBody(v)), err
}

// newScreen reads a profile that a schema cannot wholly check.
func newScreen(b ScreenProfile) (models.ScreenProfile, error) {
	p := models.ScreenProfile{
		Languages: or(b.Languages, nil), Phone: or(b.Phone, ""), Operator: or(b.Operator, ""), Colour: or(b.Colour, ""), Logo: or(b.Logo, ""),
		Keypad: or(b.Keypad, false), Notices: or(b.Notices, nil),
	}
	var f models.Fields
	p.Check(&f)
	return p, f.Err()
}

func screenBody(p models.ScreenProfile) ScreenProfile {
	b := ScreenProfile{
		Phone: optional(p.Phone), Operator: optional(p.Operator), Colour: optional(p.Colour), Logo: optional(p.Logo), Keypad: optional(p.Keypad),
	}
	if len(p.Languages) > 0 {
		b.Languages = &p.Languages
	}
	if len(p.Notices) > 0 {
		b.Notices = &p.Notices
	}
	return b
}

func lockerScreenBody(v models.LockerScreen) LockerScreen {
	return LockerScreen{Own: screenBody(v.Own), Shown: screenBody(v.Shown), QuietHours: quietBody(v.Shown.Quiet)}
}
