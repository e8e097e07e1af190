// Package docs is the page that documents the REST interface: Swagger UI over
// /openapi.yaml. Its files come from npm by the Makefile and are embedded by the build;
// the page loads nothing from another host.
package docs

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed all:assets
var assets embed.FS

//go:embed index.html
var index []byte

//go:embed start.js
var start []byte

//go:embed missing.html
var missing []byte

// policy allows what Swagger UI needs and nothing more: its styles hold images as data,
// and it sets styles of elements.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves /docs and what is below it.
func Handler() http.Handler {
	// The folder is part of the build, so Sub cannot fail.
	files, _ := fs.Sub(assets, "assets")
	mux := http.NewServeMux()
	page := index
	if !built(files) {
		page = missing
	}
	mux.HandleFunc("GET /docs", content("text/html; charset=utf-8", page))
	mux.HandleFunc("GET /docs/start.js", content("text/javascript; charset=utf-8", start))
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css"} {
		mux.Handle("GET /docs/"+name, http.StripPrefix("/docs/", http.FileServerFS(files)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		mux.ServeHTTP(w, r)
	})
}

// built reports whether the Makefile has put the files in place.
func built(files fs.FS) bool {
	_, err := fs.Stat(files, "swagger-ui-bundle.js")
	return err == nil
}

func content(kind string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		// A client that went away is no error of ours.
		_, _ = w.Write(body)
	}
}
