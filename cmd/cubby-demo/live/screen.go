package live

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"cubby/models"
)

// screen passes the page of a cabinet's own screen on, so that it can stand in a frame of ours: by itself the screen
// lets nobody frame it. What reaches here has passed the check against other sites' pages already.
func (p *Page) screen(w http.ResponseWriter, r *http.Request) {
	site, err := p.cfg.Set.Find(r.Context(), r.PathValue("locker"))
	if err != nil {
		refuse(w, err)
		return
	}
	target, err := url.Parse(site.Screen())
	if err != nil {
		refuse(w, models.Wrap(models.CodeUnavailable, err, "The screen has no address."))
		return
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(out *httputil.ProxyRequest) {
			out.SetURL(target)
			out.Out.URL.Path, out.Out.URL.RawPath = "/"+r.PathValue("rest"), ""
			for _, name := range []string{"Origin", "Sec-Fetch-Site", "Referer", "Cookie"} {
				out.Out.Header.Del(name)
			}
		},
		ModifyResponse: func(response *http.Response) error {
			own := response.Header.Get("Content-Security-Policy")
			response.Header.Set("Content-Security-Policy", strings.Replace(own, "frame-ancestors 'none'", "frame-ancestors 'self'", 1))
			return nil
		},
		ErrorLog: slog.NewLogLogger(p.cfg.Log.Handler(), slog.LevelDebug), // a screen that loses its power is no news
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte("<p>The screen is dark: the cabinet’s computer has no power, or it starts.</p>")) // the browser went away
		},
	}
	proxy.ServeHTTP(w, r)
}
