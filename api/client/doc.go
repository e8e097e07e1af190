// Package client is the generated Go client of Cubby's REST interface: a method for each
// call of api/openapi.yaml. The demo, the benches and integrators use the same one.
package client

//go:generate go tool oapi-codegen -config oapi-codegen.yaml ../openapi.yaml
