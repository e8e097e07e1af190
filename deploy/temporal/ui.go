package main

import (
	"context"
	"fmt"
	"net/http"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// startUI serves the Temporal web UI over the frontend and returns once it answers.
func startUI(ctx context.Context, opts options) (stop func(), err error) {
	ui := uiserver.NewServer(server_options.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: opts.localAddress(opts.port),
		Host:                opts.ip,
		Port:                opts.uiPort,
		EnableUI:            true,
		DefaultNamespace:    opts.namespace,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP
		DisableNewsFetch:    true,
		HideLogs:            true,
	}))
	go func() { _ = ui.Start() }()

	health := fmt.Sprintf("http://%s/healthz", opts.localAddress(opts.uiPort))
	err = poll(ctx, func(ctx context.Context) error { return get(ctx, health) })
	if err != nil {
		ui.Stop()
		return nil, err
	}
	return ui.Stop, nil
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}
