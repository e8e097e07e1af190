package api

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"cubby/models"
)

// maxBody is the largest request body.
const maxBody = 1 << 20

// bodyTimeout is how long a client may take to send its body. Reading it holds one of the
// places for requests in flight.
const bodyTimeout = 5 * time.Second

// readBody reads a request's whole body within its limits.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || params["charset"] != "" && !isUTF8(params["charset"]) {
		return nil, models.Errorf(CodeMediaType, "The body must be sent with Content-Type: application/json.")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, models.Errorf(CodeMediaType, "The body must be sent without a Content-Encoding.")
	}
	if r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	// A recorder in a test has no deadlines, and then there is no slow client either.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		// Else it stays: the server must not wait for the rest of a body that does not come.
		_ = control.SetReadDeadline(time.Time{})
	}
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge()
	case err != nil:
		return nil, models.Wrap(models.CodeInvalid, err, "The body did not arrive whole.")
	}
	return body, nil
}

func tooLarge() error {
	return models.Errorf(models.CodeTooLarge, "The body is over the limit of %d bytes.", maxBody)
}

func isUTF8(charset string) bool {
	switch charset {
	case "utf-8", "UTF-8", "utf8", "UTF8":
		return true
	}
	return false
}

// decodeBody checks a body against its schema and, if nothing is wrong, fills into. The
// value that was checked is what into gets: a second reading of the bytes could differ,
// as with names that are given twice.
//
// Of a list whose schema says x-alone it returns, by index, what is wrong with items of it; they
// are empty in into.
func decodeBody(body []byte, s *openapi3.Schema, p patterns, into any) (faults map[int]error, err error) {
	if !utf8.Valid(body) {
		return nil, models.Errorf(models.CodeInvalid, "The body is not valid UTF-8.")
	}
	var tree any
	if err := json.Unmarshal(body, &tree); err != nil {
		return nil, models.Wrap(models.CodeInvalid, err, "The body is not valid JSON"+position(err)+".")
	}
	c := checker{patterns: p}
	c.value("", s, tree)
	if err := c.fields.Err(); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return nil, models.Wrap(models.CodeInvalid, err, "The body does not have the form of this request.")
	}
	return c.faults, nil
}

// position says where JSON stops being JSON.
func position(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return " (at byte " + strconv.FormatInt(syntax.Offset, 10) + ")"
	}
	var number *json.UnmarshalTypeError
	if errors.As(err, &number) {
		return " (a number at byte " + strconv.FormatInt(number.Offset, 10) + " is out of range)"
	}
	return ""
}

// checkQuery tests a query against an operation's parameters.
func checkQuery(rawQuery string, parameters []*openapi3.Parameter, p patterns) error {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return models.Wrap(models.CodeInvalid, err, "The query is not well formed.")
	}
	c := checker{patterns: p}
	known := map[string]bool{}
	for _, parameter := range parameters {
		known[parameter.Name] = true
		values, pointer := query[parameter.Name], "query/"+parameter.Name
		switch {
		case len(values) == 0:
		case len(values) > 1:
			c.add(pointer, "must be given once")
		default:
			c.value(pointer, parameter.Schema.Value, queryValue(parameter.Schema.Value, values[0]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !known[name] {
			c.add("query/"+escapePointer(name), "is not a parameter of this request")
		}
	}
	return c.fields.Err()
}

// queryValue is a parameter's text as the JSON value that its schema is about; a text
// that does not have that form stays a text, which the schema then refuses.
func queryValue(s *openapi3.Schema, text string) any {
	switch {
	case !utf8.ValidString(text):
		return nil
	case s.Type.Is("integer"):
		if n, err := strconv.ParseInt(text, 10, 32); err == nil {
			return float64(n)
		}
	case s.Type.Is("boolean"):
		switch text {
		case "true":
			return true
		case "false":
			return false
		}
	}
	return text
}
