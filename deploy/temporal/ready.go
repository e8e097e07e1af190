package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/log"
)

const (
	probeName     = "cubby-temporal-readiness"
	pollEvery     = 50 * time.Millisecond
	probeTimeout  = 5 * time.Second
	startupBudget = 60 * time.Second
)

// waitReady returns once a client can work in the namespace. The probes leave no
// trace, and each goes through another service: history knows the namespace and
// owns a shard, matching holds task queues, visibility knows the search attributes.
func waitReady(ctx context.Context, opts options, logger log.Logger) error {
	c, err := client.NewLazyClient(client.Options{
		HostPort:  opts.localAddress(opts.port),
		Namespace: opts.namespace,
		Logger:    log.NewSdkLogger(logger),
	})
	if err != nil {
		return err
	}
	defer c.Close()
	return poll(ctx, func(ctx context.Context) error { return probe(ctx, c, opts) })
}

func probe(ctx context.Context, c client.Client, opts options) error {
	_, err := c.DescribeWorkflowExecution(ctx, probeName, "")
	if notFound := (*serviceerror.NotFound)(nil); !errors.As(err, &notFound) {
		return fmt.Errorf("history: want not found, got %w", err)
	}
	if _, err := c.DescribeTaskQueue(ctx, probeName, enumspb.TASK_QUEUE_TYPE_WORKFLOW); err != nil {
		return fmt.Errorf("matching: %w", err)
	}
	conditions := []string{fmt.Sprintf("WorkflowId = '%s'", probeName)}
	for _, name := range slices.Sorted(maps.Keys(opts.searchAttributes)) {
		conditions = append(conditions, fmt.Sprintf("`%s` IS NULL", name))
	}
	if _, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: opts.namespace,
		Query:     strings.Join(conditions, " AND "),
	}); err != nil {
		return fmt.Errorf("visibility: %w", err)
	}
	return nil
}

// poll repeats check until it succeeds or the time for starting up is over.
func poll(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startupBudget)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		err := attempt(ctx, check)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-ticker.C:
		}
	}
}

func attempt(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return check(ctx)
}
