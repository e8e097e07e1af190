package api

import (
	"context"
	_ "embed" // for openapi.yaml
	"fmt"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"cubby/models"
)

//go:embed openapi.yaml
var specification []byte

// scopeAny stands for "any key" in an operation's x-scope.
const scopeAny models.Scope = "any"

// patterns are the compiled patterns of the schemas.
type patterns map[string]*regexp.Regexp

// operation is what the server has to know of an operation before its handler runs.
type operation struct {
	id         string
	scope      models.Scope
	parameters []*openapi3.Parameter // of the query
	body       *openapi3.Schema      // nil: none
	idempotent bool                  // needs an Idempotency-Key
	repeatable bool                  // may have one
}

// contract is openapi.yaml as the server uses it: operations by "METHOD route", in
// Echo's spelling of routes.
type contract struct {
	operations map[string]operation
	patterns   patterns
}

// loadContract reads the embedded specification. It panics when that is broken: every
// test of the package would show it.
func loadContract() contract {
	doc, err := openapi3.NewLoader().LoadFromData(specification)
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		panic("api: openapi.yaml: " + err.Error())
	}
	c := contract{operations: map[string]operation{}, patterns: patterns{}}
	for path, item := range doc.Paths.Map() {
		route := strings.NewReplacer("{", ":", "}", "").Replace(path)
		for method, op := range item.Operations() {
			c.operations[method+" "+route] = c.operation(op)
		}
	}
	return c
}

func (c contract) operation(op *openapi3.Operation) operation {
	o := operation{id: op.OperationID}
	scope, _ := op.Extensions["x-scope"].(string)
	o.scope = models.Scope(scope)
	if !o.scope.Valid() && o.scope != scopeAny {
		panic("api: openapi.yaml: " + op.OperationID + " has no x-scope")
	}
	for _, p := range op.Parameters {
		switch p.Value.In {
		case "query":
			o.parameters = append(o.parameters, p.Value)
			c.compile(p.Value.Schema.Value)
		case "header":
			if p.Value.Name == headerIdempotencyKey {
				o.idempotent, o.repeatable = p.Value.Required, true
			}
		}
	}
	if op.RequestBody != nil {
		o.body = op.RequestBody.Value.Content.Get("application/json").Schema.Value
		c.compile(o.body)
	}
	return o
}

// compile compiles the patterns of a schema and of what it is made of. Our request
// schemas do not refer to themselves.
func (c contract) compile(s *openapi3.Schema) {
	if s.Pattern != "" && c.patterns[s.Pattern] == nil {
		if _, ok := s.Extensions["x-must"].(string); !ok {
			panic(fmt.Sprintf("api: openapi.yaml: the pattern %s has no x-must", s.Pattern))
		}
		c.patterns[s.Pattern] = regexp.MustCompile(s.Pattern)
	}
	if s.Items != nil {
		c.compile(s.Items.Value)
	}
	for _, property := range s.Properties {
		c.compile(property.Value)
	}
}
