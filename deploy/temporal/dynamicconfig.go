package main

import (
	"time"

	"go.temporal.io/server/common/dynamicconfig"
)

// Limits that no test on a development machine reaches.
const (
	ampleRPS   = 100_000
	amplePolls = 50_000
)

// notedEvery is how often it is noted on disk which tasks are done. A start does again what was not noted; the default is
// five minutes, and a network that is started often would do the same tasks again at each start.
const notedEvery = 5 * time.Second

// dynamicConfig is the server's tuning for one small process: no throttling, one
// partition a task queue, nothing sent outside. What production limits by design
// (sizes of payloads, histories, updates a workflow) stays at its default, unless a
// workflow is to be told to continue as new after so many events.
func dynamicConfig(continueAsNewAfter int) dynamicconfig.StaticClient {
	config := dynamicconfig.StaticClient{
		dynamicconfig.EnableServerVersionCheck.Key(): false,

		dynamicconfig.FrontendRPS.Key():                                         ampleRPS,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():                  ampleRPS,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key():        ampleRPS,
		dynamicconfig.FrontendMaxConcurrentLongRunningRequestsPerInstance.Key(): amplePolls,
		dynamicconfig.HistoryRPS.Key():                                          ampleRPS,
		dynamicconfig.MatchingRPS.Key():                                         ampleRPS,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                           ampleRPS,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                            ampleRPS,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():                           ampleRPS,
		dynamicconfig.WorkerPersistenceMaxQPS.Key():                             ampleRPS,
		dynamicconfig.VisibilityPersistenceMaxReadQPS.Key():                     ampleRPS,
		dynamicconfig.VisibilityPersistenceMaxWriteQPS.Key():                    ampleRPS,

		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		dynamicconfig.ShardFirstUpdateInterval.Key():             notedEvery / 2,
		dynamicconfig.ShardUpdateMinInterval.Key():               notedEvery,
		dynamicconfig.TransferProcessorUpdateAckInterval.Key():   notedEvery,
		dynamicconfig.TimerProcessorUpdateAckInterval.Key():      notedEvery,
		dynamicconfig.VisibilityProcessorUpdateAckInterval.Key(): notedEvery,

		dynamicconfig.EnableEagerWorkflowStart.Key():                           true,
		dynamicconfig.FrontendEnableUpdateWorkflowExecution.Key():              true,
		dynamicconfig.FrontendEnableUpdateWorkflowExecutionAsyncAccepted.Key(): true,
	}
	if continueAsNewAfter > 0 {
		config[dynamicconfig.HistoryCountSuggestContinueAsNew.Key()] = continueAsNewAfter
	}
	return config
}
