package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cubby/api/codes"
	"cubby/api/docs"
	clientpage "cubby/api/page"
	"cubby/models"
)

// Config is what the interface is made of. Ports, Logger, Now and Rand are required.
type Config struct {
	Keys      Keys
	Shipments Shipments
	Lockers   Lockers
	Enrolment Enrolments
	Network   Network
	Incidents Incidents
	Events    Events
	Engine    Engine
	Clocks    Clocks
	Sandbox   Sandbox // nil: this network has none
	Codes     codes.Store
	Pages     clientpage.Pages
	Messages  Messages
	Texts     Texts
	// SMS reads the calls of the provider of SMS, and SMSReports takes them in; nil: there is none.
	SMS        SMSHook
	SMSReports SMSReports
	Routes     Routes
	Remotes    Remotes
	Access     LocationAccess
	// DataKey seals access instructions; nil: there are none.
	DataKey models.DataKey
	// Desk serves /desk, the pages of the operator's staff; nil: there are none.
	Desk http.Handler

	// PublicURL is where clients reach their pages, such as "https://parcels.example".
	PublicURL string
	Logger    *slog.Logger
	Now       func() time.Time
	// Rand must be safe for concurrent use, as crypto/rand.Reader is.
	Rand io.Reader
	// Ready says whether this process can serve; nil: always.
	Ready func(ctx context.Context) error
	// Observe is told of every finished request, for metrics; route is the pattern, not
	// the path. May be nil.
	Observe func(method, route string, status int, took time.Duration)

	// Acceptance is who accepts the computers of lockers that are made without saying so; empty: nobody has to.
	Acceptance models.Acceptance
	// PrivateWebhooks allows webhooks to this machine and its network, to try things out.
	PrivateWebhooks bool

	// MaxInFlight is how many calls run at once; one more waits at most MaxWait and is
	// then told to come back. Zero: 256 calls, 2 s.
	MaxInFlight int
	MaxWait     time.Duration
	// Quota bounds the calls of each key.
	Quota Quota
}

const (
	defaultInFlight = 256
	defaultWait     = 2 * time.Second
	callTimeout     = 10 * time.Second
	readyTimeout    = 3 * time.Second
)

// server holds what handlers share.
type server struct {
	Config
	ids      *models.IDs
	contract contract
	slots    chan struct{}
	running  *running
	quotas   *quotas
	codes    *codes.Reader
}

var _ StrictServerInterface = (*server)(nil)

// New makes the interface's handler: the calls of openapi.yaml under /api/v1, their
// documentation at /docs, /openapi.yaml and /problems, clients' pages at /t/, the desk at /desk, and /healthz and
// /readyz.
func New(cfg Config) http.Handler {
	if cfg.MaxInFlight <= 0 {
		cfg.MaxInFlight = defaultInFlight
	}
	if cfg.MaxWait <= 0 {
		cfg.MaxWait = defaultWait
	}
	s := &server{
		Config:   cfg,
		ids:      models.NewIDs(cfg.Now, cfg.Rand),
		contract: loadContract(),
		slots:    make(chan struct{}, cfg.MaxInFlight),
		running:  newRunning(),
		quotas:   newQuotas(cfg.Quota),
	}
	s.codes = &codes.Reader{Engine: cfg.Engine, Store: cfg.Codes, IDs: s.ids, Rand: cfg.Rand}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	// The socket's address: no header of a client is believed.
	e.IPExtractor = echo.ExtractIPDirect()
	e.Binder = binder{s.contract}
	e.HTTPErrorHandler = func(err error, c echo.Context) { s.fail(c, err) }
	e.Use(s.identify, s.observe, s.rescue, secure, s.bound, s.authorize)

	RegisterHandlers(e, NewStrictHandler(s, []StrictMiddlewareFunc{s.linkNext}))
	e.GET("/", func(c echo.Context) error { return c.Redirect(http.StatusFound, "/docs") })
	e.GET("/openapi.yaml", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", specification) })
	pages := echo.WrapHandler(docs.Handler())
	e.GET("/docs", pages)
	e.GET("/docs/*", pages)
	e.GET("/problems", s.problems)
	e.GET(problemsPath+":code", s.problems)
	e.Any(models.PagePath+"*", echo.WrapHandler(clientpage.Handler(clientpage.Config{
		Pages: cfg.Pages, Engine: cfg.Engine, Codes: s.codes, Logger: cfg.Logger, Now: cfg.Now,
	})))
	if cfg.SMS != nil {
		e.POST("/hooks/twilio", s.twilioHook)
	}
	if cfg.Desk != nil {
		e.Any("/desk", echo.WrapHandler(cfg.Desk))
		e.Any("/desk/*", echo.WrapHandler(cfg.Desk))
	}
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", s.readyz)
	return e
}

func (s *server) readyz(c echo.Context) error {
	if s.Ready != nil {
		ctx, cancel := context.WithTimeout(c.Request().Context(), readyTimeout)
		defer cancel()
		if err := s.Ready(ctx); err != nil {
			return models.Wrap(models.CodeUnavailable, err, "This process is not ready to serve.")
		}
	}
	return c.String(http.StatusOK, "ready\n")
}
