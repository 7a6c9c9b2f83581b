// Package telemetry sets OpenTelemetry and logging up for a program.
//
//	t, err := telemetry.Start(ctx, telemetry.Options{Service: "joinery", Version: version})
//	if err != nil {
//		return err
//	}
//	defer t.Stop(context.WithoutCancel(ctx))
//	log := t.Logger(os.Stderr, slog.LevelInfo)
//	mux.Handle("GET /metrics", t.Metrics)
//	server := &http.Server{Handler: t.Handler(mux)}
//
// Traces are exported where the OTEL_* variables name an endpoint or an exporter
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). Where they don't,
// [Telemetry].TracerProvider is nil, and nothing is recorded or paid for. Metrics are always there, for Prometheus.
package telemetry
