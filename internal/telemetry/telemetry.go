package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Options say what is set up.
type Options struct {
	Service   string                      // service.name, where OTEL_SERVICE_NAME says nothing else
	Version   string                      // service.version; "" leaves it out
	LookupEnv func(string) (string, bool) // whether traces are exported; nil means os.LookupEnv
}

// Telemetry is what a program reports with. It is safe for concurrent use.
type Telemetry struct {
	TracerProvider trace.TracerProvider // nil where nothing is exported
	MeterProvider  metric.MeterProvider
	Metrics        http.Handler // for Prometheus

	server *server
	stop   []func(context.Context) error
}

// Start sets telemetry up. How traces are exported is read from the process's own OTEL_* variables.
func Start(ctx context.Context, o Options) (*Telemetry, error) {
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	described, err := describe(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("describe the service to OpenTelemetry: %w", err)
	}
	t := &Telemetry{}
	if exports(o.LookupEnv) {
		exporter, err := newExporter(ctx, o.LookupEnv)
		if err != nil {
			return nil, fmt.Errorf("start the export of traces: %w; see OTEL_TRACES_EXPORTER and OTEL_EXPORTER_OTLP_PROTOCOL", err)
		}
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(newBursts(sdktrace.NewBatchSpanProcessor(exporter))), sdktrace.WithResource(described))
		t.TracerProvider = provider
		t.stop = append(t.stop, provider.Shutdown)
	}
	registry, err := t.startMetrics(described)
	if err != nil {
		return nil, err
	}
	t.server, err = newServer(t.TracerProvider, t.MeterProvider, registry)
	return t, err
}

// describe makes the resource. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come last, so they win.
func describe(ctx context.Context, o Options) (*resource.Resource, error) {
	own := resource.WithAttributes(semconv.ServiceName(o.Service))
	if o.Version != "" {
		own = resource.WithAttributes(semconv.ServiceName(o.Service), semconv.ServiceVersion(o.Version))
	}
	return resource.New(ctx, resource.WithTelemetrySDK(), own, resource.WithFromEnv())
}

// exports reports whether the environment says where traces go. OpenTelemetry's own default, an endpoint on localhost,
// would make every program without a collector complain.
func exports(lookupEnv func(string) (string, bool)) bool {
	get := func(name string) string { value, _ := lookupEnv(name); return value }
	if get("OTEL_SDK_DISABLED") == "true" || get("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return get("OTEL_TRACES_EXPORTER") != "" || get("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

func (t *Telemetry) startMetrics(described *resource.Resource) (*prometheus.Registry, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, fmt.Errorf("start the metrics: %w", err)
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter), sdkmetric.WithResource(described),
		sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter)) // Prometheus' text form has none
	t.MeterProvider = provider
	t.Metrics = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	t.stop = append(t.stop, provider.Shutdown)
	return registry, nil
}

const stopTimeout = 5 * time.Second

// Stop sends what is not sent yet, for at most five seconds. Errors are dropped: nobody is left to read them.
func (t *Telemetry) Stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for _, stop := range t.stop {
		_ = stop(ctx)
	}
}
