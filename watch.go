package joinery

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
)

// WatchOptions say how often [Live.Watch] looks. Zero means the default.
type WatchOptions struct {
	Files     time.Duration // at the metadata's files; 100 ms by default
	Databases time.Duration // at the structure of the databases and the rows of enum tables, where none of them notifies; 5 s by default
}

// ReloadChannel is what [Live.Watch] listens on for NOTIFY.
const ReloadChannel = "joinery_reload"

// Watch reloads when the files that were read, or would have been, say something else, or the structure of a database or
// the rows of its enum tables are others. It returns once ctx has ended.
//
// Files are polled: unlike notifications of the operating system, that sees what is behind symbolic links, replaced
// directories, bind mounts and network file systems, and needs no more than some calls of stat. What changes is read once
// it stays the same from one look to the next.
//
// For each database there is a connection besides the pool. It listens on [ReloadChannel], and a notification has Watch
// look at once.
func (l *Live) Watch(ctx context.Context, o WatchOptions) {
	o.Files = cmp.Or(o.Files, 100*time.Millisecond)
	o.Databases = cmp.Or(o.Databases, 5*time.Second)
	var watches sync.WaitGroup
	watches.Go(func() { l.watchFiles(ctx, o.Files) })
	watches.Go(func() { l.watchDatabases(ctx, o.Databases) })
	watches.Wait()
}

func (l *Live) watchFiles(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	w := fileWatch{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if w.settled(l.inputs.Load().files) {
			_ = l.reloadIf(ctx, func(s *inputs) bool { return s.files.changed() }) // State has the error
		}
	}
}

// fileWatch tells when files may have changed, and are not being changed any more.
type fileWatch struct {
	files    *readFiles
	last     map[string]stamp // at the last look
	compared map[string]stamp // when their content was compared
}

func (w *fileWatch) settled(files *readFiles) bool {
	if files != w.files { // read anew
		*w = fileWatch{files: files}
	}
	before := w.last
	w.last = files.stamps()
	if before == nil || !maps.Equal(w.last, before) || w.compared != nil && maps.Equal(w.last, w.compared) {
		return false
	}
	w.compared = w.last
	return true
}

// watchDatabases has a watch for each database that is served, or that the last reload found.
func (l *Live) watchDatabases(ctx context.Context, every time.Duration) {
	watched := map[database]context.CancelFunc{}
	var watches sync.WaitGroup
	defer watches.Wait()
	for {
		changed := l.Changed()
		now := l.databases()
		for d, stop := range watched {
			if !now[d] {
				stop()
				delete(watched, d)
			}
		}
		for d := range now {
			if watched[d] == nil {
				watch, stop := context.WithCancel(ctx)
				watched[d] = stop
				watches.Go(func() { (&structureWatch{live: l, database: d}).run(watch, every) })
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			for _, stop := range watched {
				stop()
			}
			return
		}
	}
}

func (l *Live) databases() map[database]bool {
	out := map[database]bool{}
	for _, d := range l.Service().leased {
		out[d] = true
	}
	for d := range l.inputs.Load().structures {
		out[d] = true
	}
	return out
}

// structureWatch looks at the structure of a database.
type structureWatch struct {
	live     *Live
	database database
	conn     *pgx.Conn // nil while there is none
	tried    string    // the fingerprint that was reloaded for
}

func (w *structureWatch) run(ctx context.Context, every time.Duration) {
	defer w.disconnect()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.live.config.Log.Debug("the database's structure can't be watched", "source", w.database.source, "error", err)
			w.disconnect()
		}
		if w.wait(ctx, every); ctx.Err() != nil {
			return
		}
	}
}

// structureTimeout bounds one look.
const structureTimeout = 30 * time.Second

func (w *structureWatch) look(ctx context.Context) error {
	looking, cancel := context.WithTimeout(ctx, structureTimeout)
	defer cancel()
	if w.conn == nil {
		if err := w.connect(looking); err != nil {
			return err
		}
	}
	now, err := catalog.Fingerprint(looking, w.conn)
	if err != nil {
		return err
	}
	_ = w.live.reloadIf(ctx, func(s *inputs) bool { // State has the error
		read, known := s.structures[w.database]
		if known && read != now && w.tried != now {
			w.tried = now // once only: settings of the connections may make them differ for ever
			return true
		}
		changed := false
		if db := s.enums[w.database]; db != nil {
			changed, err = db.EnumsChanged(looking, w.conn)
		}
		return changed || w.live.unreached()
	})
	return err
}

// unreached reports whether the last change isn't served for another reason than what was read: a database that answers
// now may not have done so then.
func (l *Live) unreached() bool {
	err := l.State().Err
	var faults metadata.Faults
	return err != nil && !errors.As(err, &faults)
}

func (w *structureWatch) connect(ctx context.Context) error {
	cfg, err := w.live.config.poolConfig(w.database)
	if err != nil {
		return err
	}
	if w.conn, err = pgx.ConnectConfig(ctx, cfg.ConnConfig); err != nil {
		return newConnectError(cfg.ConnConfig.Host, cfg.ConnConfig.Port, err)
	}
	_, err = w.conn.Exec(ctx, "LISTEN "+ReloadChannel, pgx.QueryExecModeSimpleProtocol)
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) {
		return nil // as on a standby: it is polled, then
	}
	return err
}

// wait returns after a notification, some time, or when ctx ends.
func (w *structureWatch) wait(ctx context.Context, every time.Duration) {
	waiting, cancel := context.WithTimeout(ctx, every)
	defer cancel()
	if w.conn != nil {
		if _, err := w.conn.WaitForNotification(waiting); err == nil || waiting.Err() != nil {
			return
		}
		w.disconnect()
	}
	<-waiting.Done()
}

func (w *structureWatch) disconnect() {
	if w.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.conn.Close(ctx) // what can't be told to end ends with its socket
	w.conn = nil
}
