import { Center, Loader } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { useEvents } from "./api/queries";
import { ActionPage } from "./pages/actions/ActionPage";
import { ActionsPage } from "./pages/actions/ActionsPage";
import { FaultsPage } from "./pages/faults/FaultsPage";
import { NotFoundPage } from "./pages/NotFoundPage";
import { TablePage } from "./pages/tables/TablePage";
import { TablesPage } from "./pages/tables/TablesPage";
import { TypePage } from "./pages/types/TypePage";
import { TypesPage } from "./pages/types/TypesPage";
import { Shell } from "./shell/Shell";

const GraphiQLPage = lazy(() => import("./pages/graphiql/GraphiQLPage"));
const GraphPage = lazy(() => import("./pages/graph/GraphPage"));

export function App() {
  const connected = useEvents();
  return (
    <Shell connected={connected}>
      <Suspense fallback={<Waiting />}>
        <Switch>
          <Route path="/">
            <Redirect to="/actions" replace />
          </Route>
          <Route path="/actions" component={ActionsPage} />
          <Route path="/actions/:name/:tab?">
            {({ name, tab }) => <ActionPage key={name} name={decodeURIComponent(name)} tab={tab} />}
          </Route>
          <Route path="/types" component={TypesPage} />
          <Route path="/types/:name">{({ name }) => <TypePage key={name} name={decodeURIComponent(name)} />}</Route>
          <Route path="/tables" component={TablesPage} />
          <Route path="/tables/:source/:schema/:name">
            {({ source, schema, name }) => (
              <TablePage
                source={decodeURIComponent(source)}
                schema={decodeURIComponent(schema)}
                name={decodeURIComponent(name)}
              />
            )}
          </Route>
          <Route path="/graphiql" component={GraphiQLPage} />
          <Route path="/graph" component={GraphPage} />
          <Route path="/faults" component={FaultsPage} />
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </Shell>
  );
}

function Waiting() {
  return (
    <Center p="xl">
      <Loader aria-label="Loading" />
    </Center>
  );
}
