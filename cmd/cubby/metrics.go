package main

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cubby/models"
	"cubby/models/store"
)

// metrics is what a process tells Prometheus.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	outbox   *prometheus.CounterVec
	grants   *prometheus.CounterVec
	alarms   prometheus.Counter
}

func newMetrics(db *store.Store, log *slog.Logger) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cubby_http_request_seconds", Help: "Time to answer a REST request.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
		outbox: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cubby_outbox_forwarded_total", Help: "Outbox rows delivered to Temporal.",
		}, []string{"kind"}),
		grants: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cubby_remote_grants_total", Help: "Grants of remote openings that were asked of this process's signer.",
		}, []string{"answer"}),
		alarms: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cubby_remote_alarms_total", Help: "Times that more remote openings were asked of this process's signer than may be.",
		}),
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cubby_outbox_rows", Help: "Outbox rows that wait for Temporal.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		n, err := db.OutboxSize(ctx)
		if err != nil {
			log.Warn("the outbox could not be counted", "error", err)
			return -1
		}
		return float64(n)
	})
	m.registry.MustRegister(m.requests, m.outbox, m.grants, m.alarms, waiting,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) forwarded(kind models.OutboxKind) { m.outbox.WithLabelValues(string(kind)).Inc() }

// signed counts a grant that was asked for.
func (m *metrics) signed(refused string, alarm bool) {
	if alarm {
		m.alarms.Inc()
	}
	m.grants.WithLabelValues(cmp.Or(refused, "signed")).Inc()
}

// handler serves the operators' listener, with Go's profiles if asked for.
func (m *metrics) handler(ready func(context.Context) error, profile bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		if err := ready(ctx); err != nil {
			answer(w, http.StatusServiceUnavailable, "not ready: starting, or the database does not answer\n")
			return
		}
		answer(w, http.StatusOK, "ready\n")
	})
	if profile {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

func answer(w http.ResponseWriter, status int, text string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the caller has gone: nothing to do
}
