"""What the scripts add, by keys alone: search, rows, dialogs, the search over everything, painting."""

from playwright.sync_api import Page, expect
from visitors import Visitors, wider_than_the_window


def at(visitors: Visitors, path: str) -> Page:
    page = visitors.window("admin")
    page.goto(visitors.stage.url + path)
    return page


def typed(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_slash_searches_while_one_types(visitors: Visitors) -> None:
    page = at(visitors, "/people/departments")
    everything = page.locator("tr[data-row]").count()
    typed(page, "/")
    page.keyboard.type("七年级1班")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert "q=" in page.url
    expect(page.locator("[data-list-search]")).to_be_focused()
    typed(page, "Escape")
    expect(page.locator("tr[data-row]")).to_have_count(everything)
    assert "q=" not in page.url


def test_what_is_typed_as_soon_as_the_page_is_there_is_not_lost(visitors: Visitors) -> None:
    page = visitors.window("admin")
    # a machine so busy that what was put off until later never comes
    page.add_init_script("{ const later = setTimeout; setTimeout = (work, ms) => ms ? later(work, ms) : 0 }")
    page.goto(visitors.stage.url + "/people/departments")
    typed(page, "F2")
    page.keyboard.type("操作员")
    expect(page.locator("#palette-found [aria-selected=true]")).to_contain_text("操作员")
    assert page.evaluate("() => setTimeout(() => {})") == 0


def test_rows_are_moved_through_selected_and_opened(visitors: Visitors) -> None:
    page = at(visitors, "/access/operators")
    typed(page, "ArrowDown", "x", "Shift+ArrowDown")
    expect(page.locator("[data-bulk-count]")).to_have_text("已选 2 项")
    second = page.locator("tr[data-row]").nth(1)
    expect(second).to_be_focused()
    href = second.get_attribute("data-href")
    typed(page, "Enter")
    page.wait_for_url(f"**{href}")


def test_n_opens_a_form_and_ctrl_enter_saves_it(visitors: Visitors) -> None:
    page = at(visitors, "/people/fields")
    typed(page, "n")
    expect(page.locator("#dialog [name=name]")).to_be_focused()
    page.keyboard.type("宿舍楼")
    typed(page, "Control+Enter")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator(".toast")).to_be_visible()
    expect(page.locator("tr[data-row]", has_text="宿舍楼")).to_have_count(1)


def test_the_tree_beside_a_list_counts_who_is_new_and_stays_as_open_as_it_was(visitors: Visitors) -> None:
    page = at(visitors, "/people/persons")
    top = page.locator(".tree [role=treeitem]").first
    people = int(top.locator(".tree-count").inner_text())
    page.locator(".tree [aria-expanded=false]").first.press("ArrowRight")
    shown = page.locator(".tree [role=treeitem]:visible").count()
    typed(page, "n")
    page.fill("#form-number", "770001")
    page.fill("#form-name", "何苗")
    page.select_option("#form-department_id", index=1, force=True)  # behind a box that searches
    page.select_option("#form-class_id", index=1)
    typed(page, "Control+Enter")
    expect(top.locator(".tree-count")).to_have_text(str(people + 1))
    expect(page.locator(".tree [role=treeitem]:visible")).to_have_count(shown)


def test_a_mistake_keeps_the_dialog_open_with_the_cursor_at_it(visitors: Visitors) -> None:
    page = at(visitors, "/people/fields")
    typed(page, "n")
    expect(page.locator("#dialog [name=name]")).to_be_focused()
    typed(page, "Control+Enter")
    expect(page.locator("#dialog .field-error")).to_have_count(1)
    expect(page.locator("#dialog [name=name]")).to_be_focused()
    assert page.locator("#dialog [name=name]").get_attribute("aria-describedby")


def test_escape_does_not_lose_what_was_typed(visitors: Visitors) -> None:
    page = at(visitors, "/people/fields")
    typed(page, "n")
    expect(page.locator("#dialog [name=name]")).to_be_focused()
    page.keyboard.type("血型")
    typed(page, "Escape")
    expect(page.locator("#question")).to_be_visible()
    # pressing Enter by habit takes the harmless answer
    typed(page, "Enter")
    expect(page.locator("#question")).to_be_hidden()
    expect(page.locator("#dialog [name=name]")).to_have_value("血型")


def test_a_link_out_of_a_form_that_was_typed_into_asks_first(visitors: Visitors) -> None:
    page = at(visitors, "/people/fields/new")
    page.fill("[name=name]", "籍贯")
    page.locator(".dialog-foot [data-dialog-close]").click()
    expect(page.locator("#question")).to_be_visible()
    typed(page, "Escape")
    expect(page.locator("[name=name]")).to_have_value("籍贯")
    page.locator(".dialog-foot [data-dialog-close]").click()
    page.locator("#question [data-yes]").click()
    page.wait_for_url("**/people/fields")


def test_the_first_page_used_before_is_two_keys_away(visitors: Visitors) -> None:
    page = at(visitors, "/people/fields")
    page.goto(visitors.stage.url + "/access/roles")
    typed(page, "g", "1")
    page.wait_for_url("**/people/fields")


def test_f2_finds_a_page_and_goes_there(visitors: Visitors) -> None:
    page = at(visitors, "/people/fields")
    typed(page, "F2")
    page.keyboard.type("角色")
    expect(page.locator("#palette-found [role=option][aria-selected=true]")).to_contain_text("角色")
    typed(page, "Enter")
    page.wait_for_url("**/access/roles")


def test_the_key_sheet_holds_the_keys_of_the_page(visitors: Visitors) -> None:
    page = at(visitors, "/people/fields")
    typed(page, "?")
    sheet = page.locator("#keys")
    expect(sheet).to_be_visible()
    bound = page.locator("main [data-key][data-key-label]").count()
    assert bound > 0
    expect(sheet.locator("[data-page-keys] dl > div")).to_have_count(bound)
    typed(page, "Escape")
    expect(sheet).to_be_hidden()


def test_functions_are_painted_with_shift_and_arrows(visitors: Visitors) -> None:
    page = at(visitors, "/access/roles/new")
    group = page.locator(".grant-branch").first
    boxes = group.locator("[data-grant]")
    boxes.first.focus()
    typed(page, "Space", "Shift+ArrowDown", "Shift+ArrowDown")
    assert [boxes.nth(each).is_checked() for each in range(4)] == [True, True, True, False]
    head = group.locator("[data-grant-all]")
    assert head.evaluate("box => box.indeterminate")
    head.click()
    assert boxes.evaluate_all("all => all.every(box => box.checked)")


def test_the_theme_is_there_before_the_page_is_seen(visitors: Visitors) -> None:
    page = at(visitors, "/people/fields")
    page.locator(".who").click()
    page.locator("[data-theme-choice] button[value=dark]").click()
    answer = page.reload()
    assert answer is not None
    assert 'data-bs-theme="dark"' in answer.text()


def test_a_lost_answer_is_not_called_a_failure(visitors: Visitors) -> None:
    page = at(visitors, "/people/fields")
    typed(page, "n")
    expect(page.locator("#dialog [name=name]")).to_be_focused()
    page.keyboard.type("校车站")
    page.context.set_offline(True)
    typed(page, "Control+Enter")
    expect(page.locator("#dialog [data-form-error]")).to_contain_text("不确定是否已保存")
    expect(page.locator("#dialog [name=name]")).to_have_value("校车站")
    page.context.set_offline(False)
    visitors.faults.clear()  # the browser itself notes requests that failed


def test_without_scripts_a_form_is_a_page(visitors: Visitors) -> None:
    visitors.window("admin")
    context = visitors.browser.new_context(
        java_script_enabled=False, locale="zh-CN", storage_state=visitors._states["admin"]
    )
    page = context.new_page()
    page.goto(f"{visitors.stage.url}/people/fields")
    page.locator("main .page-head a.btn-primary").click()
    page.fill("[name=name]", "民族")
    page.locator("button[data-key='Ctrl+Enter']").click()
    page.wait_for_url("**/people/fields")
    assert page.locator("tr[data-row]", has_text="民族").count() == 1
    context.close()


def test_c_chooses_the_columns_of_a_list(visitors: Visitors) -> None:
    page = at(visitors, "/access/operators")
    headings = page.locator("thead th[scope=col]")
    usual = headings.all_inner_texts()
    typed(page, "c")
    first = page.locator("#dialog [name=columns]").first
    expect(first).to_be_focused()
    expect(first).to_be_checked()
    typed(page, "Space", "Control+Enter")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(headings).to_have_count(len(usual) - 1)
    page.reload()
    expect(headings).to_have_count(len(usual) - 1)
    typed(page, "c")
    expect(first).not_to_be_checked()
    expect(first).to_be_focused()
    back = page.get_by_role("button", name="恢复默认")
    for _ in range(40):
        if back.evaluate("button => button === document.activeElement"):
            break
        typed(page, "Tab")
    typed(page, "Enter")
    expect(headings).to_have_text(usual)


def test_a_list_with_all_its_columns_fits_every_window(visitors: Visitors) -> None:
    page = at(visitors, "/people/classes")
    typed(page, "c")
    boxes = page.locator("#dialog [name=columns]")
    expect(boxes.first).to_be_focused()
    chosen = boxes.count()
    for box in boxes.all():
        box.check()
    typed(page, "Control+Enter")
    expect(page.locator("thead th[scope=col]")).to_have_count(chosen + 1)
    assert list(wider_than_the_window(page)) == []
