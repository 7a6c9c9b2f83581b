package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/joinery-graphql/joinery"
)

// watchFlags say whether changes are served without being asked to.
type watchFlags struct {
	Watch         bool          `help:"Reload when the metadata's files or the databases' structure change (JOINERY_WATCH)." vars:"JOINERY_WATCH"`
	WatchInterval time.Duration `help:"How often --watch looks at the databases' structure, where none notifies (JOINERY_WATCH_INTERVAL)." default:"5s" vars:"JOINERY_WATCH_INTERVAL"`
}

// keepCurrent reloads on SIGHUP, certificates and all, and on changes where they are watched. stop ends that and waits for
// it.
func (f *watchFlags) keepCurrent(ctx context.Context, live *joinery.Live, hangup <-chan os.Signal, c *certificates, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	working.Go(func() {
		for {
			select {
			case <-hangup:
				reload(ctx, live, c, log)
			case <-ctx.Done():
				return
			}
		}
	})
	if f.Watch {
		working.Go(func() { live.Watch(ctx, joinery.WatchOptions{Databases: f.WatchInterval}) })
	}
	return func() { cancel(); working.Wait() }
}

func reload(ctx context.Context, live *joinery.Live, c *certificates, log *slog.Logger) {
	log.Info("reloading", "signal", "SIGHUP")
	if c != nil {
		if err := c.read(); err != nil {
			log.Error("the certificates are not reloaded, those before are kept", "error", err)
		}
	}
	_ = live.Reload(ctx) // it logs what keeps a change from being served
}

// patient gives requests the time that the metadata gives them now, where the server was started with less.
func patient(next http.Handler, live *joinery.Live) http.Handler {
	atStart := live.Service().Timeout()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if timeout := live.Service().Timeout(); timeout > atStart {
			control, now := http.NewResponseController(w), time.Now()
			_ = control.SetReadDeadline(now.Add(timeout + transferTimeout)) // a server of net/http takes both
			_ = control.SetWriteDeadline(now.Add(timeout + 2*transferTimeout))
		}
		next.ServeHTTP(w, r)
	})
}
