package api

import (
	"context"

	"cubby/models"
)

// SetHours sets when people may come to a location, and when they get no messages.
func (s *server) SetHours(ctx context.Context, request SetHoursRequestObject) (SetHoursResponseObject, error) {
	if err := known(models.PrefixLocation, request.Id, "location"); err != nil {
		return nil, err
	}
	hours, quiet, err := newHours(request.Body.Hours, request.Body.QuietHours)
	if err != nil {
		return nil, err
	}
	l, err := s.Network.SetHours(ctx, callOf(ctx).request(), models.LocationID(request.Id), hours, quiet)
	if err != nil {
		return nil, err
	}
	return SetHours200JSONResponse(locationBody(l)), nil
}

// newHours reads hours that a schema cannot wholly check.
func newHours(h *Hours, q *QuietHours) (hours *models.Hours, quiet *models.QuietHours, err error) {
	var f models.Fields
	if h != nil {
		hours = &models.Hours{Week: map[string][]models.OpenTime{}}
		for i, times := range weekDays(&h.Week) {
			if *times != nil {
				hours.Week[models.Weekdays()[i]] = each(**times, openTime)
			}
		}
		for _, e := range or(h.Exceptions, nil) {
			hours.Exceptions = append(hours.Exceptions, models.Exception{Date: e.Date, Open: each(e.Open, openTime)})
		}
		hours.Check(&f, "/hours")
	}
	if q != nil {
		quiet = &models.QuietHours{From: models.TimeOfDay(q.From), To: models.TimeOfDay(q.To)}
		quiet.Check(&f, "/quiet_hours")
	}
	return hours, quiet, f.Err()
}

func openTime(t OpenTime) models.OpenTime {
	return models.OpenTime{From: models.TimeOfDay(t.From), To: models.TimeOfDay(t.To)}
}

// weekDays are a week's days in the order of models.Weekdays.
func weekDays(w *Week) [7]**OpenTimes {
	return [7]**OpenTimes{&w.Monday, &w.Tuesday, &w.Wednesday, &w.Thursday, &w.Friday, &w.Saturday, &w.Sunday}
}

func hoursBody(h *models.Hours) *Hours {
	if h == nil {
		return nil
	}
	var b Hours
	for i, day := range weekDays(&b.Week) {
		if times, ok := h.Week[models.Weekdays()[i]]; ok {
			body := openTimes(times)
			*day = &body
		}
	}
	if len(h.Exceptions) > 0 {
		exceptions := each(h.Exceptions, func(e models.Exception) HoursException {
			return HoursException{Date: e.Date, Open: openTimes(e.Open)}
		})
		b.Exceptions = &exceptions
	}
	return &b
}

func openTimes(times []models.OpenTime) OpenTimes {
	return each(times, func(t models.OpenTime) OpenTime {
		return OpenTime{From: TimeOfDay(t.From), To: TimeOfDay(t.To)}
	})
}

func quietBody(q *models.QuietHours) *QuietHours {
	if q == nil {
		return nil
	}
	return &QuietHours{From: TimeOfDay(q.From), To: TimeOfDay(q.To)}
}
