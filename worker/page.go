package worker

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"cubby/models"
)

const (
	// sealWithin is how long a person waits for a code.
	sealWithin = 4 * time.Second
	eraseEvery = 20 * time.Second
)

// SealCode implements api.Engine.
func (e *Engine) SealCode(ctx context.Context, in models.SealCodeInput) error {
	if !e.Up() {
		return away(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, sealWithin)
	defer cancel()
	run, err := e.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: models.SealCodeWorkflowID(in.ID), TaskQueue: models.QueueLives,
		WorkflowExecutionTimeout: sealWithin, // nobody waits for it any longer
		StaticSummary:            "a code for who may see it",
	}, models.WorkflowSealCode, in)
	if err == nil {
		err = run.Get(ctx, nil)
	}
	return e.failure(err)
}

// Sealed is what erasing codes needs of the store.
type Sealed interface {
	// EraseSealed erases the sealed codes that nobody came for.
	EraseSealed(ctx context.Context) error
}

// EraseSealed keeps erasing them until the context ends.
func EraseSealed(ctx context.Context, s Sealed, logger *slog.Logger) error {
	for pause(ctx, eraseEvery) {
		if err := s.EraseSealed(ctx); err != nil && ctx.Err() == nil {
			logger.Warn("sealed codes could not be erased; trying again", "error", err)
		}
	}
	return nil
}
