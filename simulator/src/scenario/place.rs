//! What exists in one account and region. Each service reads its own part.

use super::Context;
use insights_shared::fields::Fields;
use insights_shared::time::Timestamp;
use std::any::Any;
use std::fmt::Debug;

/// What exists in one account and region. The default part of each service is empty and not enabled.
#[derive(Clone, Debug)]
pub struct Place(Vec<Box<dyn StoredPart>>);

/// A service's part of a scenario.
pub trait Part: Any + Clone + Debug + Default + Send + Sync {
    /// Reads the service's table of the scenario file. Adds every fault to the faults of `fields`.
    fn parse(fields: Fields<'_>, context: &Context) -> Self;
}

/// A part of any type.
trait StoredPart: Any + Debug + Send + Sync {
    fn boxed_clone(&self) -> Box<dyn StoredPart>;
}

impl<T: Part> StoredPart for T {
    fn boxed_clone(&self) -> Box<dyn StoredPart> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn StoredPart> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}

/// How the part of a service is read.
#[derive(Clone, Copy)]
pub(crate) struct PartReader {
    /// Reads the service's table, or returns the default if there is none.
    read: fn(Option<Fields<'_>>, &Context) -> Box<dyn StoredPart>,
    /// Whether the file has one table for all accounts and regions.
    is_global: bool,
}

impl PartReader {
    /// A separate part for each account and region.
    pub(crate) const fn of<T: Part>() -> Self {
        let read = |fields: Option<Fields<'_>>, context: &Context| -> Box<dyn StoredPart> {
            Box::new(fields.map_or_else(T::default, |fields| T::parse(fields, context)))
        };
        Self { read, is_global: false }
    }

    /// One part for all accounts and regions.
    pub(crate) const fn global<T: Part>() -> Self {
        Self { is_global: true, ..Self::of::<T>() }
    }
}

impl Place {
    /// An account and region without data.
    pub(crate) fn empty() -> Self {
        let context = Context { anchor: Timestamp::MIN, seed: 0 };
        Self(readers().map(|(_, reader)| (reader.read)(None, &context)).collect())
    }

    /// Reads the tables of the services in `fields`. Global parts of a place in the file come from `default`.
    pub(super) fn parse(fields: &mut Fields<'_>, context: &Context, default: Option<&Self>) -> Self {
        let part = |(index, (name, reader)): (usize, (&'static str, PartReader))| {
            let global = default.filter(|_| reader.is_global).and_then(|default| default.0.get(index));
            global.cloned().unwrap_or_else(|| (reader.read)(fields.object(name), context))
        };
        Self(readers().enumerate().map(part).collect())
    }

    /// The part of type `T`, such as [`xray::Data`](crate::xray::Data).
    ///
    /// # Panics
    ///
    /// If `T` is not the part of a simulated service.
    #[expect(clippy::expect_used, reason = "a place has the part of every service")]
    pub fn part<T: Part>(&self) -> &T {
        let mut parts = self.0.iter().map(|part| &**part as &dyn Any);
        parts.find_map(<dyn Any>::downcast_ref).expect("the part of a simulated service")
    }

    /// The part of type `T`, mutable.
    ///
    /// # Panics
    ///
    /// If `T` is not the part of a simulated service.
    #[expect(clippy::expect_used, reason = "a place has the part of every service")]
    pub fn part_mut<T: Part>(&mut self) -> &mut T {
        let mut parts = self.0.iter_mut().map(|part| &mut **part as &mut dyn Any);
        parts.find_map(<dyn Any>::downcast_mut).expect("the part of a simulated service")
    }
}

/// The services that have a part, by name.
fn readers() -> impl Iterator<Item = (&'static str, PartReader)> {
    let services = crate::SERVICES.services().iter();
    services.filter_map(|service| Some((service.name(), service.descriptor().part?)))
}
