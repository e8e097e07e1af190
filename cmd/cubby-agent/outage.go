package main

import (
	"context"
	"log/slog"

	"cubby/agent/cabinet"
	"cubby/agent/screen"
	"cubby/models"
)

// outage serves the screen while the cabinet's store does not work, so that people are told. systemd's watchdog is not
// told: a program that does not get its store back is started anew.
type outage struct {
	cancel context.CancelFunc // nil: it does not run
	ended  chan error
}

// begin serves the screen until end, unless it is served already.
func (o *outage) begin(ctx context.Context, c config, log *slog.Logger) {
	if o.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	o.cancel, o.ended = cancel, make(chan error, 1)
	go func() {
		o.ended <- listen(ctx, "tcp", c.Screen, screen.New(outOfService{ctx.Done()}, c.Panel, func() {}, log))
	}()
}

// end leaves the screen's address free.
func (o *outage) end() error {
	if o.cancel == nil {
		return nil
	}
	o.cancel()
	o.cancel = nil
	return <-o.ended
}

// outOfService is a cabinet that takes nothing and says so.
type outOfService struct{ ended <-chan struct{} }

var errOutOfService = models.Errorf(models.CodeUnavailable, "the cabinet's disk fails")

func (outOfService) View(models.Side) cabinet.View { return cabinet.OutOfService() }

func (outOfService) Site() cabinet.Site { return cabinet.Site{Cells: []models.LayoutCell{}} }

// Watch never has anything new.
func (outOfService) Watch(context.Context) <-chan struct{} { return nil }

func (o outOfService) Stopped() <-chan struct{} { return o.ended }

func (outOfService) Tell(context.Context, cabinet.Input) error { return errOutOfService }

func (outOfService) Operation() models.OperationID { return "" }
