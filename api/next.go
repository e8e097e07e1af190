package api

import (
	"reflect"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// linkNext adds to the answer of a list the address of the page after it (RFC 8288), beside next_cursor.
func (s *server) linkNext(f StrictHandlerFunc, _ string) StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		answer, err := f(c, request)
		cursor := cursorIn(answer)
		if err != nil || cursor == "" {
			return answer, err
		}
		op, _ := s.operation(c)
		name := "cursor"
		if slices.ContainsFunc(op.parameters, func(p *openapi3.Parameter) bool { return p.Name == "after" }) {
			name = "after"
		}
		next := *c.Request().URL
		query := next.Query()
		query.Set(name, cursor)
		next.RawQuery = query.Encode()
		c.Response().Header().Set("Link", "<"+next.RequestURI()+`>; rel="next"`)
		return answer, nil
	}
}

// cursorIn is the next_cursor of an answer; empty where it has none. Each list has a type of its own, and
// they have nothing but the field in common.
func cursorIn(answer any) string {
	v := reflect.ValueOf(answer)
	if v.Kind() != reflect.Struct {
		return ""
	}
	if body := v.FieldByName("Body"); body.IsValid() { // an answer with headers of its own
		return cursorIn(body.Interface())
	}
	field := v.FieldByName("NextCursor")
	if !field.IsValid() {
		return ""
	}
	cursor, _ := field.Interface().(*string)
	return or(cursor, "")
}
