// Package api is the REST interface for carriers, shops and operators. openapi.yaml is
// its source: the server's routes and types are generated from it, request bodies and
// parameters are checked against it, and each operation's x-scope says which keys may
// call it. Echo stays inside this package.
package api

//go:generate go tool oapi-codegen -config oapi-codegen.yaml openapi.yaml
