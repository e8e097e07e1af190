package store

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"gorm.io/gorm/logger"
)

// slowQuery is what is worth a line in the log.
const slowQuery = 500 * time.Millisecond

// queryLog counts statements and tells of slow ones, without their parameters: those may
// be personal data. Errors are returned, so whoever handles one logs it.
type queryLog struct {
	log   *slog.Logger
	count *atomic.Int64
}

func (q queryLog) LogMode(logger.LogLevel) logger.Interface { return q }

func (q queryLog) Info(ctx context.Context, msg string, _ ...any)  { q.log.InfoContext(ctx, msg) }
func (q queryLog) Warn(ctx context.Context, msg string, _ ...any)  { q.log.WarnContext(ctx, msg) }
func (q queryLog) Error(ctx context.Context, msg string, _ ...any) { q.log.ErrorContext(ctx, msg) }

func (q queryLog) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	q.count.Add(1)
	if took := time.Since(begin); took > slowQuery {
		text, rows := statement()
		q.log.WarnContext(ctx, "slow statement", "statement", text, "rows", rows, "took", took)
	}
}

// ParamsFilter keeps parameters out of the statement's text.
func (q queryLog) ParamsFilter(_ context.Context, statement string, _ ...any) (string, []any) {
	return statement, nil
}
